using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// How much of a loop's turn goes into handshakes. One may cost as much as a hundred requests: of a flood, the rest waits in line for the next
/// turn, behind everything that is established. Touched only on its loop.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="time">The clock that steps are timed with: a hello that is not whole yet takes a hundredth of what a whole one takes.</param>
internal sealed class HandshakePace(EventLoop loop, TimeProvider time)
{
    private static readonly TimeSpan MostOfTurn = TimeSpan.FromMilliseconds(2);

    private readonly Queue<TlsHandshake> _line = new();
    private readonly long _most = (long)(MostOfTurn.TotalSeconds * time.TimestampFrequency);
    private long _turn = -1;
    private long _spent;
    private bool _isPosted;

    /// <summary>The loop.</summary>
    public EventLoop Loop => loop;

    /// <summary>Makes a step of <paramref name="handshake"/> for which its peer has sent something: at once, or when its turn comes.</summary>
    public void Step(TlsHandshake handshake)
    {
        if (_line.Count == 0 && HasTime())
        {
            Take(handshake);
            return;
        }

        _line.Enqueue(handshake);
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
            while (HasTime() && _line.TryDequeue(out var handshake))
            {
                handshake.IsInLine = false;
                Take(handshake);
            }
        }
        finally
        {
            if (_line.Count > 0)
            {
                Post();
            }
        }
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
