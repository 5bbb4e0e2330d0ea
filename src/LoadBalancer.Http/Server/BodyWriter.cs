using System.Buffers;

namespace LoadBalancer.Http.Server;

/// <summary>The body of a message that is being sent, whatever carries it. Touched only on its loop.</summary>
internal abstract class BodyWriter
{
    /// <summary>Bytes of the body written so far, framing left out.</summary>
    public long BytesWritten { get; protected set; }

    /// <summary>Bytes that wait for <see cref="FlushAsync"/>.</summary>
    public abstract long Unflushed { get; }

    /// <summary>Adds bytes of the body; what was announced by a length is not exceeded, the caller sees to that.</summary>
    public abstract void Write(in ReadOnlySequence<byte> data);

    /// <summary>Ends the body. <see cref="FlushAsync"/> follows.</summary>
    /// <param name="trailers">Fields behind it, for framings that have them; null for none.</param>
    public abstract void End(HeaderList? trailers);

    /// <summary>Sends what was written; false where the receiver is gone.</summary>
    public abstract ValueTask<bool> FlushAsync();
}
