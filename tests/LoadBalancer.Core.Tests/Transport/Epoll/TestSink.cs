using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

/// <summary>Takes a listener's connections for a test.</summary>
internal sealed class TestSink(Action<EpollConnection> onAccepted) : IConnectionSink
{
    private int _failures;

    /// <summary>How often accepting paused for want of something.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>What the next accept is told.</summary>
    public bool MayAccept { get; set; } = true;

    bool IConnectionSink.MayUseReserve => false;

    bool IConnectionSink.MayAccept() => MayAccept;

    public void OnAccepted(EpollConnection connection) => onAccepted(connection);

    public void OnAcceptFailed(string why) => Interlocked.Increment(ref _failures);
}
