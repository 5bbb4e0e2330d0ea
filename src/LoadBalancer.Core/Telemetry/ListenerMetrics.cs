using LoadBalancer.Faults;

namespace LoadBalancer.Telemetry;

/// <summary>
/// What one listener has counted since the process started. It belongs to the listener's name and outlives reloads, so
/// that no counter falls.
/// </summary>
/// <remarks>
/// Every method that counts is called on the thread of the loop that it names, and takes no lock and allocates nothing.
/// A connection is closed on the loop that opened it. Everything may be read from any thread.
/// </remarks>
public sealed class ListenerMetrics(string listener, int loops)
{
    private const int OpenedSlot = 0;
    private const int ClosedSlot = 1;
    private const int ReceivedSlot = 2;
    private const int SentSlot = 3;
    private const int FirstRejectedSlot = 4;

    private static readonly int Kinds = Enum.GetValues<FaultKind>().Length;
    private static readonly int Sides = Enum.GetValues<FaultSide>().Length;

    private readonly StripedCells _counts = new(loops, FirstRejectedSlot + Kinds);
    private readonly StripedCells _faults = new(loops, Sides * Kinds);
    private readonly LatencyHistogram _durations = new(loops, LatencyBounds.Session);

    /// <summary>The listener's name in the file.</summary>
    public string Listener { get; } = listener;

    /// <summary>Connections accepted.</summary>
    public long Connections => _counts.Sum(OpenedSlot);

    /// <summary>Connections open now.</summary>
    public long Active
    {
        get
        {
            // Read first: a connection that opens and closes between the two reads must not make the difference negative.
            var closed = _counts.Sum(ClosedSlot);
            return _counts.Sum(OpenedSlot) - closed;
        }
    }

    /// <summary>Bytes read from clients.</summary>
    public long ReceivedBytes => _counts.Sum(ReceivedSlot);

    /// <summary>Bytes written to clients.</summary>
    public long SentBytes => _counts.Sum(SentSlot);

    /// <summary>How long connections lasted, from accept to the end of both directions.</summary>
    public LatencySnapshot Durations => _durations.Read();

    /// <summary>Connections closed before they reached an endpoint, for <paramref name="reason"/>.</summary>
    public long RejectedFor(FaultKind reason) => _counts.Sum(FirstRejectedSlot + (int)reason);

    /// <summary>Connections that reached an endpoint and ended by this fault.</summary>
    public long FaultsOf(FaultSide side, FaultKind kind) => _faults.Sum(((int)side * Kinds) + (int)kind);

    /// <summary>Counts an accepted connection. <see cref="Closed"/> or <see cref="Rejected"/> follows once.</summary>
    public void Opened(int loop) => _counts.Add(loop, OpenedSlot);

    /// <summary>Counts bytes read from a client.</summary>
    public void Received(int loop, long bytes) => _counts.Add(loop, ReceivedSlot, bytes);

    /// <summary>Counts bytes written to a client.</summary>
    public void Sent(int loop, long bytes) => _counts.Add(loop, SentSlot, bytes);

    /// <summary>Counts the end of a connection that reached an endpoint; <see cref="Fault.None"/> where both sides finished.</summary>
    public void Closed(int loop, Fault fault, TimeSpan duration)
    {
        if (fault.Failed)
        {
            _faults.Add(loop, ((int)fault.Side * Kinds) + (int)fault.Kind);
        }

        End(loop, duration);
    }

    /// <summary>Counts the end of a connection that reached no endpoint.</summary>
    public void Rejected(int loop, FaultKind reason, TimeSpan duration)
    {
        _counts.Add(loop, FirstRejectedSlot + (int)reason);
        End(loop, duration);
    }

    private void End(int loop, TimeSpan duration)
    {
        _counts.Add(loop, ClosedSlot);
        _durations.Record(loop, duration);
    }
}
