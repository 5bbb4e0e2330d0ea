namespace LoadBalancer.Limits;

/// <summary>One that waits in the line of a <see cref="Pace"/>, for its bytes. Its links are the line's.</summary>
internal abstract class PaceTurn
{
    /// <summary>The bytes that it waits for: it has them in hand. At most <see cref="Pace.Piece"/>.</summary>
    public int Count { get; protected set; }

    /// <summary>Who is served after it.</summary>
    internal PaceTurn? Next { get; set; }

    /// <summary>Who is served before it.</summary>
    internal PaceTurn? Previous { get; set; }

    /// <summary>True from its entry into the line until it has left it.</summary>
    internal bool IsWaiting { get; set; }

    /// <summary>It may pass its bytes on, now. Once for each wait, and on any thread.</summary>
    public abstract void Grant();

    /// <summary>It is the first of the line: it calls <see cref="Pace.Serve"/> in <paramref name="wait"/>, or soon after. On any thread; it may have left meanwhile.</summary>
    public abstract void ServeIn(TimeSpan wait);
}
