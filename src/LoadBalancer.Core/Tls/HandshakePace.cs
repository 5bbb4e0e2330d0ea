using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// How much of a loop's turn goes into handshakes. One may cost as much as a hundred requests: of a flood, the rest waits in line for the next
/// turn, behind everything that is established. Touched only on its loop.
/// </summary>
/// <remarks>
/// Handshakes with endpoints are taken before those with clients: somebody who is established waits for each of them, and there are no more of them than
/// lb has begun itself. Behind them one of the clients' is taken in each turn, whatever the time.
/// </remarks>
/// <param name="loop">The loop.</param>
/// <param name="time">The clock that steps are timed with: a hello that is not whole yet takes a hundredth of what a whole one takes.</param>
internal sealed class HandshakePace(EventLoop loop, TimeProvider time)
{
    private static readonly TimeSpan MostOfTurn = TimeSpan.FromMilliseconds(2);

    private readonly Queue<TlsHandshake> _ofEndpoints = new();
    private readonly Queue<TlsHandshake> _ofClients = new();
    private readonly long _most = (long)(MostOfTurn.TotalSeconds * time.TimestampFrequency);
    private long _turn = -1;
    private long _spent;
    private bool _isPosted;

    /// <summary>The loop.</summary>
    public EventLoop Loop => loop;

    /// <summary>Makes a step of <paramref name="handshake"/> for which its peer has sent something: at once, or when its turn comes.</summary>
    public void Step(TlsHandshake handshake)
    {
        var isOfEndpoint = handshake.Peer == FaultSide.Upstream;
        if (_ofEndpoints.Count == 0 && (isOfEndpoint || _ofClients.Count == 0) && HasTime())
        {
            Take(handshake);
            return;
        }

        (isOfEndpoint ? _ofEndpoints : _ofClients).Enqueue(handshake);
        handshake.IsInLine = true;
        Post();
    }

    private void Post()
    {
        if (!_isPosted)
        {
            _isPosted = true;
            loop.Post(static pace => ((HandshakePace)pace!).TakeFromLine(), this);
        }
    }

    private void TakeFromLine()
    {
        _isPosted = false;
        try
        {
            while (HasTime() && _ofEndpoints.TryDequeue(out var handshake))
            {
                TakeOut(handshake);
            }

            for (var isFirst = true; (isFirst || HasTime()) && _ofClients.TryDequeue(out var handshake); isFirst = false)
            {
                TakeOut(handshake);
            }
        }
        finally
        {
            if (_ofEndpoints.Count + _ofClients.Count > 0)
            {
                Post();
            }
        }
    }

    private void TakeOut(TlsHandshake handshake)
    {
        handshake.IsInLine = false;
        Take(handshake);
    }

    private void Take(TlsHandshake handshake)
    {
        var began = time.GetTimestamp();
        handshake.Step();
        _spent += time.GetTimestamp() - began;
    }

    private bool HasTime()
    {
        if (_turn != loop.Turns)
        {
            _turn = loop.Turns;
            _spent = 0;
        }

        return _spent < _most;
    }
}
