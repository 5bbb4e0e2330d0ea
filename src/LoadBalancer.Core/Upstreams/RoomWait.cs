using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>An exchange, or a session of HTTP/2, that waits to open a connection. It belongs to its loop.</summary>
internal sealed class RoomWait : IValueTaskSource<Fault>
{
    private readonly ConnectionRoom _room;
    private readonly EventLoop _loop;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<Fault> _completion;

    public RoomWait(ConnectionRoom room, EventLoop loop, int most, int sharers)
    {
        (_room, _loop, Most, Sharers) = (room, loop, most, sharers);
        _deadline = new LoopTimer(static wait => ((RoomWait)wait).GiveUp(new Fault(FaultSide.Internal, FaultKind.PendingTimeout)), this);
    }

    /// <summary>How many connections there may be.</summary>
    public int Most { get; }

    /// <summary>For a further session, the number of loops; else 0.</summary>
    public int Sharers { get; }

    /// <summary>True where its loop has a session already.</summary>
    public bool IsFurther => Sharers > 0;

    /// <summary>The end of the wait: <see cref="Fault.None"/> with room for a connection. Completes inline on the loop; awaited once.</summary>
    public ValueTask<Fault> EndAsync() => new(this, _completion.Version);

    /// <summary>Leaves because of <paramref name="fault"/>, unless room is already on its way: then the wait ends with that. On the loop.</summary>
    public void GiveUp(Fault fault)
    {
        if (_room.Leave(this))
        {
            End(fault);
        }
    }

    /// <summary>Begins to wait for at most <paramref name="timeout"/>.</summary>
    internal void Begin(TimeSpan timeout) => _loop.Schedule(_deadline, timeout);

    /// <summary>Lets it go on, on its loop. Any thread.</summary>
    internal void Post() => _loop.Post(static wait => ((RoomWait)wait!).End(Fault.None), this);

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void End(Fault fault)
    {
        _loop.Cancel(_deadline);
        _completion.SetResult(fault);
    }
}
