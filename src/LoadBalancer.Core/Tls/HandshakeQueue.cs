using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// The handshakes of a listener that are under way on one loop, in the order in which they began, up to a bound that its loops share. Beyond it the oldest that
/// waits for its client is given up: a client that means it needs a round trip or two, and who only holds a place has the oldest one, so a
/// flood of them keeps nobody out. Touched only on its loop.
/// </summary>
/// <remarks>
/// Who waits for us, in the line of a <see cref="HandshakePace"/>, has done its part and is not given up for that. So it is decided at the
/// end of a turn, when what clients have sent is known. Where as many as the bound are in the line, the processor cannot follow: then it is
/// the oldest that nothing was spent on yet.
/// </remarks>
/// <param name="loop">The loop.</param>
/// <param name="index">Its index among the loops of the listener.</param>
/// <param name="bound">What the loops of the listener share.</param>
internal sealed class HandshakeQueue(EventLoop loop, int index, HandshakeBound bound)
{
    private TlsHandshake? _oldest;
    private TlsHandshake? _newest;
    private int _inLine;
    private bool _isPosted;

    /// <summary>How many there are; may be read from any thread.</summary>
    public int Count { get; private set; }

    /// <summary>How many of them wait for their clients; may be read from any thread.</summary>
    public int Waiting => Count - _inLine;

    /// <summary>Takes in one that begins.</summary>
    public void Enter(TlsHandshake handshake)
    {
        if (bound.IsLineFull && _inLine >= bound.Share && OldestUnheard() is { } unheard)
        {
            GiveUp(unheard);
        }

        (handshake.Older, handshake.Newer, handshake.Queue, handshake.BeganIn) = (_newest, null, this, loop.Turns);
        if (_newest is null)
        {
            _oldest = handshake;
        }
        else
        {
            _newest.Newer = handshake;
        }

        _newest = handshake;
        Count++;
        bound.Change(waiting: 1, inLine: 0);
        Bound();
    }

    /// <summary>One of them begins to wait for us.</summary>
    public void EnterLine()
    {
        _inLine++;
        bound.Change(waiting: -1, inLine: 1);
    }

    /// <summary>One of them waits for its client again, if for anybody.</summary>
    public void LeaveLine()
    {
        _inLine--;
        bound.Change(waiting: 1, inLine: -1);
        Bound();
    }

    /// <summary>Lets one go; nothing where it has left.</summary>
    public void Leave(TlsHandshake handshake)
    {
        if (handshake.Queue != this)
        {
            return;
        }

        if (handshake.Older is { } older)
        {
            older.Newer = handshake.Newer;
        }
        else
        {
            _oldest = handshake.Newer;
        }

        if (handshake.Newer is { } newer)
        {
            newer.Older = handshake.Older;
        }
        else
        {
            _newest = handshake.Older;
        }

        (handshake.Older, handshake.Newer, handshake.Queue) = (null, null, null);
        Count--;
        _inLine -= handshake.IsInLine ? 1 : 0;
        bound.Change(waiting: handshake.IsInLine || handshake.IsTakenOut ? 0 : -1, inLine: handshake.IsInLine ? -1 : 0);
    }

    /// <summary>Another loop's handshakes want room, and these have more than their share; from any thread.</summary>
    public void Ask() => loop.Post(static queue => ((HandshakeQueue)queue!).MakeRoomForOthers(), this);

    private static void GiveUp(TlsHandshake handshake) => handshake.GiveUp(new Fault(FaultSide.Client, FaultKind.TooManyHandshakes));

    // Who has no more than its share asks whoever has: a flood that one loop has got keeps nobody out of the others.
    private bool IsOver => bound.IsExceeded && Waiting > bound.Share;

    private void Bound()
    {
        if (IsOver)
        {
            if (!_isPosted)
            {
                _isPosted = true;
                loop.Post(static queue => ((HandshakeQueue)queue!).MakeRoom(), this);
            }
        }
        else if (bound.IsExceeded)
        {
            bound.AskTheLargest(index);
        }
    }

    private void MakeRoomForOthers()
    {
        bound.HasAsked();
        if (bound.IsExceeded && bound.MayBeAsked(Waiting))
        {
            TryGiveUpOldest();
        }

        Bound();
    }

    private void MakeRoom()
    {
        _isPosted = false;
        while (IsOver && TryGiveUpOldest())
        {
        }

        Bound();
    }

    private bool TryGiveUpOldest()
    {
        if (OldestThatWaits() is not { } handshake || !bound.TryTakeOut())
        {
            return false;
        }

        handshake.IsTakenOut = true;
        GiveUp(handshake);
        return true;
    }

    private TlsHandshake? OldestUnheard()
    {
        var handshake = _oldest;
        while (handshake is { IsInLine: false } or { IsBegun: true })
        {
            handshake = handshake.Newer;
        }

        return handshake;
    }

    /// <summary>Null where all began in this turn: what their clients have sent with the connection is heard of in the next.</summary>
    private TlsHandshake? OldestThatWaits()
    {
        var handshake = _oldest;
        while (handshake is { IsInLine: true })
        {
            handshake = handshake.Newer;
        }

        return handshake is not null && handshake.BeganIn < loop.Turns ? handshake : null;
    }
}
