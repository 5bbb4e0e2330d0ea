using System.Buffers;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Tests.Forwarding;

/// <summary>An endpoint that takes nothing of what it is sent, until it is late.</summary>
internal sealed class StalledEndpoint(EventLoop loop) : AttemptCarrier(loop)
{
    private readonly StalledBody _body = new();
    private readonly TaskCompletionSource<FaultKind> _late = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when something is to be sent.</summary>
    public Task Stalled => _body.Flushed.Task;

    /// <summary>What it was too late for.</summary>
    public Task<FaultKind> Late => _late.Task;

    public override BodyReader ResponseBody => throw new NotSupportedException();

    public override BodyWriter RequestBody => _body;

    public override bool WasUsed => false;

    public override bool WasReset => false;

    protected override bool IsClosed => false;

    public override ValueTask<Fault> AskAsync(Exchange exchange, ForwardWork work, Attempt attempt, UpstreamOptions options, TimeProvider time) => throw new NotSupportedException();

    public override bool IsEarly(ResponseHead head) => false;

    public override void StartResponseBody(ResponseHead head)
    {
    }

    public override ValueTask GatherAsync() => default;

    public override void Park(TimeSpan idleAtMost, bool keepsAlive)
    {
    }

    public override void Close() => EndDeadline();

    public override void Abort() => EndDeadline();

    protected override void OnLate(FaultKind fault)
    {
        _late.SetResult(fault);
        _body.Taken.TrySetResult(false);
    }

    private sealed class StalledBody : BodyWriter
    {
        public TaskCompletionSource Flushed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<bool> Taken { get; } = new();

        public override long Unflushed => 0;

        public override void Write(in ReadOnlySequence<byte> data)
        {
        }

        public override void End(HeaderList? trailers)
        {
        }

        public override ValueTask<bool> FlushAsync()
        {
            Flushed.TrySetResult();
            return new(Taken.Task);
        }
    }
}
