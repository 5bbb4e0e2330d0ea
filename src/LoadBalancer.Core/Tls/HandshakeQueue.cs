namespace LoadBalancer.Tls;

/// <summary>
/// The handshakes of a listener that are under way on one loop, in the order in which they began, up to a bound. At the bound the oldest makes
/// room: a client that means it needs a round trip or two, and who only holds a place has the oldest one, so a flood of them keeps nobody out.
/// Touched only on its loop.
/// </summary>
/// <param name="most">The bound, at least 1.</param>
internal sealed class HandshakeQueue(int most)
{
    private TlsHandshake? _oldest;
    private TlsHandshake? _newest;

    /// <summary>How many there are; may be read from any thread.</summary>
    public int Count { get; private set; }

    /// <summary>Takes one in; at the bound the one that has waited longest is over now.</summary>
    /// <returns>The one that made room; null where there was some.</returns>
    public TlsHandshake? Enter(TlsHandshake handshake)
    {
        var crowdedOut = Count >= most ? _oldest : null;
        if (crowdedOut is not null)
        {
            Leave(crowdedOut);
        }

        (handshake.Older, handshake.Newer, handshake.Queue) = (_newest, null, this);
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
        return crowdedOut;
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
    }
}
