namespace LoadBalancer.Telemetry;

/// <summary>
/// What one upstream has counted of the requests that it was sent, and of the connections that are kept to its endpoints. It belongs to the
/// upstream's name and outlives reloads.
/// </summary>
/// <remarks>Every method that counts is called on the thread of the loop that it names; it takes no lock and allocates nothing. Read from any thread.</remarks>
public sealed class ResponseMetrics(int loops)
{
    private const int OpenedSlot = 0;
    private const int ClosedSlot = 1;
    private const int ParkedSlot = 2;
    private const int TakenSlot = 3;
    private const int ReusedSlot = 4;
    private const int HedgesWonSlot = 5;
    private const int UnansweredSlot = 6;
    private const int FirstClassSlot = 7;

    private static readonly int FirstRetrySlot = FirstClassSlot + StatusClass.Names.Count;

    private readonly StripedCells _counts = new(loops, FirstRetrySlot + Enum.GetValues<RetryReason>().Length);

    /// <summary>From the request on a connection to the first byte of its response.</summary>
    public LatencyHistogram FirstByteTimes { get; } = new(loops, LatencyBounds.Exchange);

    /// <summary>Requests that were ended without a whole head of a response: the endpoint failed, or the client was gone.</summary>
    public long Unanswered => _counts.Sum(UnansweredSlot);

    /// <summary>Requests that found a connection: an idle one, or one of HTTP/2 that others are on.</summary>
    public long Reused => _counts.Sum(ReusedSlot);

    /// <summary>Second attempts beside a slow one that brought the answer.</summary>
    public long HedgesWon => _counts.Sum(HedgesWonSlot);

    /// <summary>Connections that were opened.</summary>
    public long Opened => _counts.Sum(OpenedSlot);

    /// <summary>Connections that are open and not idle.</summary>
    public long InUse => Math.Max(0, Difference(OpenedSlot, ClosedSlot) - Idle);

    /// <summary>Connections that wait for a request.</summary>
    public long Idle => Math.Max(0, Difference(ParkedSlot, TakenSlot));

    /// <summary>Responses of one class, by its index in <see cref="StatusClass.Names"/>.</summary>
    public long ResponsesOf(int statusClass) => _counts.Sum(FirstClassSlot + statusClass);

    /// <summary>Tries beyond the first of a request, by why they were made.</summary>
    public long RetriesOf(RetryReason reason) => _counts.Sum(FirstRetrySlot + (int)reason);

    /// <summary>Counts a request that has ended.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="status">What an endpoint answered; 0 for nothing.</param>
    public void Ended(int loop, int status) => _counts.Add(loop, status == 0 ? UnansweredSlot : FirstClassSlot + StatusClass.Of(status));

    /// <summary>Counts a try beyond the first of a request.</summary>
    public void Retried(int loop, RetryReason reason) => _counts.Add(loop, FirstRetrySlot + (int)reason);

    /// <summary>Counts a second attempt beside a slow one that brought the answer.</summary>
    public void HedgeWon(int loop) => _counts.Add(loop, HedgesWonSlot);

    /// <summary>Counts a connection that was opened.</summary>
    public void ConnectionOpened(int loop) => _counts.Add(loop, OpenedSlot);

    /// <summary>Counts a connection that was closed; it was not idle.</summary>
    public void ConnectionClosed(int loop) => _counts.Add(loop, ClosedSlot);

    /// <summary>Counts a connection that is idle now.</summary>
    public void ConnectionParked(int loop) => _counts.Add(loop, ParkedSlot);

    /// <summary>Counts a connection that is idle no more.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="reused">True where a request uses it, false where it is to be closed.</param>
    public void ConnectionTaken(int loop, bool reused)
    {
        _counts.Add(loop, TakenSlot);
        if (reused)
        {
            _counts.Add(loop, ReusedSlot);
        }
    }

    /// <summary>Counts a request on a connection of HTTP/2 that others are on.</summary>
    public void ConnectionShared(int loop) => _counts.Add(loop, ReusedSlot);

    // What went down is read first: what comes and goes between the two reads must not make the difference negative.
    private long Difference(int up, int down)
    {
        var downs = _counts.Sum(down);
        return _counts.Sum(up) - downs;
    }
}
