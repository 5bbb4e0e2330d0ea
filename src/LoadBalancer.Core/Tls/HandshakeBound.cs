using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// How many handshakes of a listener may be under way, on all loops together. Each loop may have its share whatever the others have, and more of it as long as
/// there is room: with many loops a share alone would be a handful. Thread-safe.
/// </summary>
internal sealed class HandshakeBound
{
    private readonly HandshakeQueue[] _queues;
    private readonly int _most;
    private int _waiting;
    private int _inLine;
    private int _isAsked;

    /// <summary>A bound, and a queue for each loop.</summary>
    /// <param name="loops">The loops, by their index.</param>
    /// <param name="most">The bound, at least 1.</param>
    public HandshakeBound(ReadOnlySpan<EventLoop> loops, int most)
    {
        (_most, Share) = (most, Math.Max(1, most / loops.Length));
        _queues = new HandshakeQueue[loops.Length];
        for (var at = 0; at < loops.Length; at++)
        {
            _queues[at] = new HandshakeQueue(loops[at], this);
        }
    }

    /// <summary>What each loop may have in any case.</summary>
    public int Share { get; }

    /// <summary>True where more than the bound wait for their clients.</summary>
    public bool IsExceeded => Volatile.Read(ref _waiting) > _most;

    /// <summary>True where as many as the bound wait for us.</summary>
    public bool IsLineFull => Volatile.Read(ref _inLine) >= _most;

    /// <summary>Handshakes that are under way.</summary>
    public int Count => Volatile.Read(ref _waiting) + Volatile.Read(ref _inLine);

    /// <summary>The queue of the loop with that index.</summary>
    public HandshakeQueue On(int loop) => _queues[loop];

    /// <summary>Counts what has changed on a loop.</summary>
    public void Change(int waiting, int inLine)
    {
        if (waiting != 0)
        {
            Interlocked.Add(ref _waiting, waiting);
        }

        if (inLine != 0)
        {
            Interlocked.Add(ref _inLine, inLine);
        }
    }

    /// <summary>Takes one of those that wait out of the count, where there are too many: it is to be given up. So no two loops give up one each for the same excess.</summary>
    public bool TryTakeOut()
    {
        for (var waiting = Volatile.Read(ref _waiting); waiting > _most; waiting = Volatile.Read(ref _waiting))
        {
            if (Interlocked.CompareExchange(ref _waiting, waiting - 1, waiting) == waiting)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Has the loop on which most wait make room, unless one was asked already.</summary>
    public void AskTheLargest()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) != 0)
        {
            return;
        }

        var largest = _queues[0];
        foreach (var queue in _queues)
        {
            largest = queue.Waiting > largest.Waiting ? queue : largest;
        }

        largest.Ask();
    }

    /// <summary>The one that was asked hears of it.</summary>
    public void HasAsked() => Volatile.Write(ref _isAsked, 0);
}
