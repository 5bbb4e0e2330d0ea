using System.Runtime.InteropServices;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.Tracking;

/// <summary>
/// The open connections of one listener: a list for each loop, which only that loop touches, and one count of all with
/// its bound.
/// </summary>
/// <param name="loops">The loops on which connections live.</param>
/// <param name="onRoom">Called on a loop when there is room again after <see cref="HasRoom"/> said no.</param>
internal sealed class ConnectionTable(ReadOnlySpan<EventLoop> loops, Action onRoom)
{
    private readonly EventLoop[] _loops = loops.ToArray();
    private readonly Shard[] _shards = new Shard[loops.Length];
    private TaskCompletionSource? _empty;
    private int _count;
    private int _limit = int.MaxValue;
    private int _fullSeen;

    /// <summary>How many are open, over all loops. Any thread.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The bound of <see cref="Count"/>; raising it may make room. Any thread.</summary>
    public int Limit
    {
        get => Volatile.Read(ref _limit);
        set
        {
            Volatile.Write(ref _limit, value);
            TellIfRoom();
        }
    }

    /// <summary>
    /// True while another may enter. After a no, the caller hears when there is room. Loops ask at the same time, so the
    /// count may exceed the bound by one for each loop but one.
    /// </summary>
    public bool HasRoom()
    {
        if (Count < Limit)
        {
            return true;
        }

        // Said before the second look, so that whoever leaves between the two sees that somebody waits.
        Interlocked.Exchange(ref _fullSeen, 1);
        return Count < Limit;
    }

    /// <summary>Takes in <paramref name="connection"/>; on its loop.</summary>
    public void Enter(TrackedConnection connection)
    {
        connection.Loop.AssertInLoop();
        ref var shard = ref _shards[connection.Loop.Index];
        connection.Next = shard.First;
        if (shard.First is not null)
        {
            shard.First.Previous = connection;
        }

        shard.First = connection;
        Interlocked.Increment(ref _count);
    }

    /// <summary>Forgets <paramref name="connection"/>, which entered once; on its loop.</summary>
    public void Leave(TrackedConnection connection)
    {
        connection.Loop.AssertInLoop();
        if (connection.Previous is null)
        {
            _shards[connection.Loop.Index].First = connection.Next;
        }
        else
        {
            connection.Previous.Next = connection.Next;
        }

        if (connection.Next is not null)
        {
            connection.Next.Previous = connection.Previous;
        }

        connection.Next = connection.Previous = null;
        if (Interlocked.Decrement(ref _count) == 0)
        {
            TellEmpty();
        }

        TellIfRoom();
    }

    /// <summary>Completes when no connection is open, be it for a moment where others may enter. Any thread.</summary>
    public Task WhenEmptyAsync()
    {
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        empty = Interlocked.CompareExchange(ref _empty, empty, null) ?? empty;
        if (Count == 0)
        {
            // Whoever was the last may have gone before anybody waited.
            TellEmpty();
        }

        return empty.Task;
    }

    /// <summary>Tells every open connection that its listener is about to end. Any thread; completes when each has been told.</summary>
    /// <param name="spread">The time over which streams that have to be ended are, evenly: clients that come back should not come all at once.</param>
    public Task FinishAllAsync(TimeSpan spread) => EachAsync((connection, place) => connection.Finish(spread * place));

    /// <summary>Ends every open connection because of <paramref name="fault"/>. Any thread; completes when each has been told.</summary>
    public Task StopAllAsync(Fault fault) => EachAsync((connection, _) => connection.Stop(fault));

    /// <summary>Tells every open connection that endpoints were taken away. Any thread; completes when each has been told.</summary>
    /// <param name="withdrawal">Which.</param>
    /// <param name="spread">As with <see cref="FinishAllAsync"/>.</param>
    public Task WithdrawAllAsync(Withdrawal withdrawal, TimeSpan spread) => EachAsync((connection, place) => connection.Withdraw(withdrawal, spread * place));

    /// <summary>Ends what still goes to endpoints that were taken away. Any thread; completes when each has been told.</summary>
    public Task StopWithdrawnAsync(Withdrawal withdrawal, Fault fault) => EachAsync((connection, _) => connection.StopWithdrawn(withdrawal, fault));

    /// <summary>Tells every open connection that its listener has changed. Any thread; completes when each has been told.</summary>
    /// <param name="retirement">To which the ones belong that have to end.</param>
    /// <param name="spread">As with <see cref="FinishAllAsync"/>.</param>
    public Task RetireAllAsync(Retirement retirement, TimeSpan spread) => EachAsync((connection, place) => connection.Retire(retirement, spread * place));

    /// <summary>Ends what belongs to <paramref name="retirement"/>. Any thread; completes when each has been told.</summary>
    public Task StopRetiredAsync(Retirement retirement, Fault fault) => EachAsync((connection, _) => connection.StopRetired(retirement, fault));

    // Rule zero: LINQ and closures, because this runs once for a listener or the process. A place is a number from 0 to 1.
    private Task EachAsync(Action<TrackedConnection, double> action) => Task.WhenAll(_loops.Select(loop => loop.RunAsync(
        _ =>
        {
            var (at, all) = (0.5 + loop.Index, (double)Math.Max(1, Count));
            for (var connection = _shards[loop.Index].First; connection is not null; at += _loops.Length)
            {
                var next = connection.Next;
                action(connection, Math.Min(1, at / all));
                connection = next;
            }
        },
        null)));

    private void TellEmpty()
    {
        if (Volatile.Read(ref _empty) is not null)
        {
            Interlocked.Exchange(ref _empty, null)?.TrySetResult();
        }
    }

    private void TellIfRoom()
    {
        if (Volatile.Read(ref _fullSeen) == 1 && Count < Limit && Interlocked.Exchange(ref _fullSeen, 0) == 1)
        {
            onRoom();
        }
    }

    /// <summary>On a cache line of its own: each is written by one loop.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Shard
    {
        [FieldOffset(0)]
        public TrackedConnection? First;
    }
}
