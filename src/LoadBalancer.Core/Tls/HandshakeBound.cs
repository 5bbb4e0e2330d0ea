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
    private readonly int _kept;
    private int _waiting;
    private int _inLine;
    private int _isAsked;

    /// <summary>A bound, and a queue for each loop.</summary>
    /// <param name="loops">The loops, by their index.</param>
    /// <param name="most">The bound, at least 1.</param>
    public HandshakeBound(ReadOnlySpan<EventLoop> loops, int most)
    {
        (_most, _kept) = (most, most / loops.Length);
        Share = Math.Max(1, _kept);
        _queues = new HandshakeQueue[loops.Length];
        for (var at = 0; at < loops.Length; at++)
        {
            _queues[at] = new HandshakeQueue(loops[at], at, this);
        }
    }

    /// <summary>What each loop may have before it makes room by itself; at least 1, since who comes last is to have a chance.</summary>
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

    /// <summary>True where a loop that has so many may be asked for one. Of a bound below the number of loops none has a share that is safe: else nobody would give up any.</summary>
    public bool MayBeAsked(int waiting) => waiting > _kept;

    /// <summary>Has the loop on which most wait make room, unless one was asked already.</summary>
    /// <param name="asker">The loop that wants it, whose own are the last to go: where all have one it is the next loop's.</param>
    public void AskTheLargest(int asker)
    {
        if (Interlocked.Exchange(ref _isAsked, 1) != 0)
        {
            return;
        }

        var largest = _queues[asker];
        for (var away = 1; away < _queues.Length; away++)
        {
            var queue = _queues[(asker + away) % _queues.Length];
            largest = queue.Waiting > largest.Waiting || (largest == _queues[asker] && queue.Waiting == largest.Waiting) ? queue : largest;
        }

        largest.Ask();
    }

    /// <summary>The one that was asked hears of it.</summary>
    public void HasAsked() => Interlocked.Exchange(ref _isAsked, 0); // before it looks at the count: who counts meanwhile asks again, or is seen
}
