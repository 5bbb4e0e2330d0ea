using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Http.Forwarding;

namespace LoadBalancer.Http.Server;

/// <summary>The way back where nobody is there: of a copy, of a rehearsal, and of what is asked for to be kept. Everything is taken at once.</summary>
internal sealed class NoCarrier : ResponseCarrier
{
    private readonly Action<Exchange>? _onStart;
    private readonly Func<bool>? _takesBody;

    /// <summary>A way back.</summary>
    /// <param name="onStart">Sees the head of the response; null for nobody.</param>
    /// <param name="takesBody">Whether the body is wanted still; null for always. What is not wanted is as what a client has left.</param>
    public NoCarrier(Action<Exchange>? onStart = null, Func<bool>? takesBody = null) => (_onStart, _takesBody, Body) = (onStart, takesBody, new NoBody(this));

    /// <inheritdoc/>
    public override BodyWriter Body { get; }

    /// <inheritdoc/>
    public override bool TakesBody => _takesBody is null || _takesBody();

    /// <inheritdoc/>
    public override ValueTask<bool> SendInterimAsync(ResponseHead head) => new(true);

    /// <inheritdoc/>
    public override void Start(Exchange exchange)
    {
        HasStarted = true;
        _onStart?.Invoke(exchange);
    }

    /// <inheritdoc/>
    public override IDuplexPipe? TakeOver() => null;

    /// <inheritdoc/>
    public override void ExpectBody()
    {
    }

    /// <inheritdoc/>
    public override void BodyCame()
    {
    }

    /// <inheritdoc/>
    public override void ExpectTaking()
    {
    }

    /// <inheritdoc/>
    public override void Taken()
    {
    }

    /// <inheritdoc/>
    public override void Abort()
    {
    }

    /// <inheritdoc/>
    public override void Break()
    {
    }

    private sealed class NoBody(NoCarrier carrier) : BodyWriter
    {
        private bool _ended;

        public override long Unflushed => carrier.TakesBody ? 0 : BytesWritten;

        public override void Write(in ReadOnlySequence<byte> data) => BytesWritten += data.Length;

        public override void End(HeaderList? trailers) => _ended = true;

        // A short one is read to its end, which costs less than another connection.
        public override ValueTask<bool> FlushAsync() => new(_ended || BytesWritten <= BodyCopier.MostUnflushed || carrier.TakesBody);
    }
}
