using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>The pace of handshakes on each loop: one for the process, so that listeners and upstreams share a turn's time.</summary>
internal sealed class HandshakePaces
{
    private readonly EventLoop[] _loops;
    private readonly HandshakePace[] _paces;

    /// <summary>The paces of <paramref name="loops"/>, whose steps <paramref name="time"/> measures.</summary>
    public HandshakePaces(ReadOnlySpan<EventLoop> loops, TimeProvider time)
    {
        _loops = [.. loops];
        _paces = new HandshakePace[loops.Length];
        for (var at = 0; at < loops.Length; at++)
        {
            _paces[at] = new HandshakePace(loops[at], time);
        }
    }

    /// <summary>The loops, by their index.</summary>
    public ReadOnlySpan<EventLoop> Loops => _loops;

    /// <summary>The pace of <paramref name="loop"/>.</summary>
    public HandshakePace On(EventLoop loop) => _paces[loop.Index];
}
