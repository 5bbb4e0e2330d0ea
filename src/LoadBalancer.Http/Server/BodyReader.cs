namespace LoadBalancer.Http.Server;

/// <summary>The body of a message that is being received, whatever carries it. Nobody asking means nothing read. Touched only on its loop.</summary>
internal abstract class BodyReader
{
    /// <summary>Bytes given out so far, framing left out.</summary>
    public long BytesRead { get; protected set; }

    /// <summary>True once the last byte of the body, its trailers included, was given out and taken by <see cref="Advance"/>.</summary>
    public bool IsAtEnd { get; protected set; }

    /// <summary>How many bytes it may have; one more is the fault <see cref="Faults.FaultKind.BodyTooLarge"/>.</summary>
    public long Limit { get; set; } = long.MaxValue;

    /// <summary>The trailer fields, once <see cref="IsAtEnd"/>; null where there are none.</summary>
    public virtual HeaderList? Trailers => null;

    /// <summary>What is there without waiting; false where nothing is. After a part comes <see cref="Advance"/>.</summary>
    public abstract bool TryRead(out BodyPart part);

    /// <summary>Waits until there is a part: a byte, the end, or a fault. After a part comes <see cref="Advance"/>.</summary>
    public abstract ValueTask<BodyPart> ReadAsync();

    /// <summary>Takes the last part whole.</summary>
    public abstract void Advance();

    /// <summary>Ends a wait, and every later one, with a fault: nobody wants the rest.</summary>
    public abstract void Cancel();

    /// <summary>Ends a wait with nothing: somebody else reads the rest.</summary>
    public abstract void Interrupt();
}
