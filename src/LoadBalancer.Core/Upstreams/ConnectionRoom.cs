using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// How many connections for requests are open to one endpoint, over all loops, idle ones included, and who waits to open another. Thread-safe.
/// </summary>
/// <remarks>
/// An idle connection of another loop is of no use to this one and takes up room all the same. So who waits makes all loops give one up, and while somebody waits no connection becomes idle: it is closed, and its room is the next one's. No wake-up is
/// lost: who waits is counted first and then looks for room, who closes counts that first and then looks for those who wait. There is a lock, held only while somebody waits.
/// </remarks>
internal sealed class ConnectionRoom
{
    private readonly Lock _lock = new();
    private readonly LinkedList<RoomWait> _waiting = [];
    private int _open;
    private int _wanted;

    /// <summary>Connections that are open, or being opened.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>True while somebody waits.</summary>
    public bool IsWanted => Volatile.Read(ref _wanted) > 0;

    /// <summary>Counts another connection, where there are fewer than <paramref name="most"/> and nobody waits.</summary>
    public bool TryOpen(int most) => !IsWanted && TryTake(most);

    /// <summary>Waits in turn for room, on <paramref name="loop"/>; the connection is counted when it ends with <see cref="Fault.None"/>.</summary>
    public RoomWait Wait(EventLoop loop, int most, TimeSpan timeout)
    {
        var wait = new RoomWait(this, loop, most);
        lock (_lock)
        {
            _waiting.AddLast(wait);
            Interlocked.Increment(ref _wanted);
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

    /// <summary>Takes <paramref name="wait"/> out; false where it has been given room.</summary>
    internal bool Leave(RoomWait wait)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(wait))
            {
                return false;
            }

            Interlocked.Decrement(ref _wanted);
            return true;
        }
    }

    private void Serve()
    {
        lock (_lock)
        {
            while (_waiting.First is { Value: var wait } && TryTake(wait.Most))
            {
                _waiting.RemoveFirst();
                Interlocked.Decrement(ref _wanted);
                wait.Post();
            }
        }
    }

    private bool TryTake(int most)
    {
        for (var open = Open; open < most; open = Open)
        {
            if (Interlocked.CompareExchange(ref _open, open + 1, open) == open)
            {
                return true;
            }
        }

        return false;
    }
}
