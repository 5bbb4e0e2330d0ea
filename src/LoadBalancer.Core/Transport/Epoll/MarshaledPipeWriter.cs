using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>The writing side of a <see cref="MarshaledConnection"/>: fills blocks wherever the caller is, and hops to the loop to flush them.</summary>
internal sealed class MarshaledPipeWriter(EpollConnection connection) : PipeWriter
{
    private PipeWriter Inner { get; } = ((IDuplexPipe)connection).Output;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => Inner.UnflushedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => Inner.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => Inner.GetSpan(sizeHint);

    /// <inheritdoc/>
    public override void Advance(int bytes) => Inner.Advance(bytes);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await connection.Loop;
        return await Inner.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => connection.Loop.Post(static writer => ((PipeWriter)writer!).CancelPendingFlush(), Inner);

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => connection.Loop.Post(
        static state =>
        {
            var (writer, exception) = ((PipeWriter, Exception?))state!;
            writer.Complete(exception);
        },
        (Inner, exception));
}
