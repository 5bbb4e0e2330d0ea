using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// How many connections for requests are open to one endpoint, over all loops, idle ones included, and who waits to open another. Thread-safe.
/// </summary>
/// <remarks>
/// An idle connection of another loop is of no use to this one and takes up room all the same. So who waits makes all loops give one up, and
/// while somebody waits no connection becomes idle: it is closed, and its room is the next one's. No wake-up is lost: who waits is counted
/// first and then looks for room, who closes counts that first and then looks for those who wait. There is a lock, held only while somebody waits.
/// <para>
/// A session of HTTP/2 may last for hours, and serves its loop alone. So a loop that <see cref="Hold">holds</see> one opens a <em>further</em> one only
/// where that leaves one for each loop that has none: otherwise the first loops that are busy would leave the others nothing.
/// </para>
/// </remarks>
internal sealed class ConnectionRoom
{
    private readonly Lock _lock = new();
    private readonly LinkedList<RoomWait> _waiting = [];
    private int _open;
    private int _wanted;
    private int _firstWanted;
    private int _holders;

    /// <summary>Connections that are open, or being opened.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>True while somebody waits.</summary>
    public bool IsWanted => Volatile.Read(ref _wanted) > 0;

    /// <summary>True while somebody waits who has no session of HTTP/2: one of another loop would be of use.</summary>
    public bool IsFirstWanted => Volatile.Read(ref _firstWanted) > 0;

    /// <summary>True where another connection may be opened at once. It may be taken by the next moment.</summary>
    /// <param name="most">How many there may be.</param>
    /// <param name="sharers">For a further session, the number of loops; else 0.</param>
    public bool HasRoom(int most, int sharers = 0) => !IsWanted && Open < Left(most, sharers);

    /// <summary>Counts another connection, where there are fewer than <paramref name="most"/> and nobody waits.</summary>
    /// <param name="most">How many there may be.</param>
    /// <param name="sharers">For a further session, the number of loops; else 0.</param>
    public bool TryOpen(int most, int sharers = 0) => !IsWanted && TryTake(most, sharers);

    /// <summary>Waits in turn for room, on <paramref name="loop"/>; the connection is counted when it ends with <see cref="Fault.None"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="most">How many connections there may be.</param>
    /// <param name="timeout">For how long it waits at most.</param>
    /// <param name="sharers">For a further session, the number of loops; else 0.</param>
    public RoomWait Wait(EventLoop loop, int most, TimeSpan timeout, int sharers = 0)
    {
        var wait = new RoomWait(this, loop, most, sharers);
        lock (_lock)
        {
            _waiting.AddLast(wait);
            Interlocked.Increment(ref _wanted);
            Interlocked.Add(ref _firstWanted, wait.IsFurther ? 0 : 1);
        }

        wait.Begin(timeout);
        Serve();
        return wait;
    }

    /// <summary>Counts a connection that is closed, or could not be opened.</summary>
    public void Close()
    {
        Interlocked.Decrement(ref _open);
        if (IsWanted)
        {
            Serve();
        }
    }

    /// <summary>A loop has its first session of HTTP/2, which is counted already.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>It has none that takes exchanges any more; the connection is still counted.</summary>
    public void Unhold() => Interlocked.Decrement(ref _holders);

    /// <summary>Takes <paramref name="wait"/> out; false where it has been given room.</summary>
    internal bool Leave(RoomWait wait)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(wait))
            {
                return false;
            }

            Uncount(wait);
            return true;
        }
    }

    private void Serve()
    {
        lock (_lock)
        {
            for (var at = _waiting.First; at is not null;)
            {
                var (wait, next) = (at.Value, at.Next);
                if (TryTake(wait.Most, wait.Sharers))
                {
                    _waiting.Remove(at);
                    Uncount(wait);
                    wait.Post();
                }
                else if (!wait.IsFurther)
                {
                    return;
                }

                // What is kept for others is no reason for those to wait.
                at = next;
            }
        }
    }

    private void Uncount(RoomWait wait)
    {
        Interlocked.Decrement(ref _wanted);
        Interlocked.Add(ref _firstWanted, wait.IsFurther ? 0 : -1);
    }

    // Loops that have none may be more than there are places.
    private int Left(int most, int sharers) => sharers == 0 ? most : most - Math.Max(0, sharers - Volatile.Read(ref _holders));

    private bool TryTake(int most, int sharers)
    {
        for (var open = Open; open < Left(most, sharers); open = Open)
        {
            if (Interlocked.CompareExchange(ref _open, open + 1, open) == open)
            {
                return true;
            }
        }

        return false;
    }
}
