using System.Buffers;

namespace LoadBalancer.Http.Server;

/// <summary>A body that is there as a whole.</summary>
internal sealed class BufferedBody(ReadOnlyMemory<byte> bytes) : BodyReader
{
    /// <inheritdoc/>
    public override bool TryRead(out BodyPart part)
    {
        part = new BodyPart(IsAtEnd ? default : new ReadOnlySequence<byte>(bytes), IsLast: true);
        return true;
    }

    /// <inheritdoc/>
    public override ValueTask<BodyPart> ReadAsync()
    {
        TryRead(out var part);
        return new(part);
    }

    /// <inheritdoc/>
    public override void Advance()
    {
        BytesRead = bytes.Length;
        IsAtEnd = true;
    }

    /// <inheritdoc/>
    public override void Interrupt()
    {
    }

    /// <inheritdoc/>
    public override void Cancel()
    {
    }
}
