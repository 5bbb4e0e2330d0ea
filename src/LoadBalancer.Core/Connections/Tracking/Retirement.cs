namespace LoadBalancer.Connections.Tracking;

/// <summary>
/// The end of what one configuration leaves without a successor on a listener that stays: connections that it would not let in as they are, and
/// what is on its way along a route that is gone or leads elsewhere. Each belongs to the retirement that told it to end first. Thread-safe.
/// </summary>
/// <param name="latest">What the listener does now: another configuration may have come meanwhile, which takes them back.</param>
internal sealed class Retirement(Func<ConnectionHandler> latest)
{
    private int _stopped;

    /// <summary>What the listener does now.</summary>
    public ConnectionHandler Latest => latest();

    /// <summary>How many were ended at the deadline.</summary>
    public int Stopped => Volatile.Read(ref _stopped);

    /// <summary>One was ended at the deadline.</summary>
    public void CountStopped() => Interlocked.Increment(ref _stopped);
}
