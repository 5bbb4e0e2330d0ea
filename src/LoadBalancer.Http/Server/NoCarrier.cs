using System.Buffers;
using System.IO.Pipelines;

namespace LoadBalancer.Http.Server;

/// <summary>The way back where nobody is there: of a copy, of a rehearsal, and of what is asked for to be kept. Everything is taken at once.</summary>
/// <param name="onStart">Sees the head of the response; null for nobody.</param>
internal sealed class NoCarrier(Action<Exchange>? onStart = null) : ResponseCarrier
{
    /// <inheritdoc/>
    public override BodyWriter Body { get; } = new NoBody();

    /// <inheritdoc/>
    public override ValueTask<bool> SendInterimAsync(ResponseHead head) => new(true);

    /// <inheritdoc/>
    public override void Start(Exchange exchange)
    {
        HasStarted = true;
        onStart?.Invoke(exchange);
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

    private sealed class NoBody : BodyWriter
    {
        public override long Unflushed => 0;

        public override void Write(in ReadOnlySequence<byte> data) => BytesWritten += data.Length;

        public override void End(HeaderList? trailers)
        {
        }

        public override ValueTask<bool> FlushAsync() => new(true);
    }
}
