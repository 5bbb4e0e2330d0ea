using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// How many steps of handshakes a loop takes in one turn. Each costs as much as a hundred requests: of a flood, the rest waits for the next
/// turn, behind everything that is established. Touched only on its loop.
/// </summary>
internal sealed class HandshakePace(EventLoop loop)
{
    /// <summary>Steps in one turn: about two milliseconds' work.</summary>
    public const int MostInTurn = 8;

    private long _turn = -1;
    private int _left;

    /// <summary>Handshakes that are under way.</summary>
    public int UnderWay { get; set; }

    /// <summary>True where there is time for a step in this turn.</summary>
    public bool TryTake()
    {
        if (_turn != loop.Turns)
        {
            _turn = loop.Turns;
            _left = MostInTurn;
        }

        return _left-- > 0;
    }
}
