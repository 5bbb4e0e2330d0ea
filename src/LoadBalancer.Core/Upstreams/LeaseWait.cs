using System.Threading.Tasks.Sources;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// One connection or exchange that waits for room at an endpoint, or at its upstream's gate, in the <see cref="LeaseQueue"/>. It belongs to
/// its loop; only <see cref="Next"/>, what it is as a <see cref="LineMember"/>, and the lease are the queue's, under its lock.
/// </summary>
internal sealed class LeaseWait : LineMember, IValueTaskSource<Fault>, IReadinessObserver
{
    private readonly LeaseQueue _queue;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<Fault> _completion;
    private Fault _fault;
    private bool _done;

    /// <summary>A wait for a lease.</summary>
    public LeaseWait(LeaseQueue queue, EventLoop loop, ulong hashKey, Endpoint[] tried, Importance importance)
        : base(importance)
    {
        (_queue, Loop, HashKey, Tried) = (queue, loop, hashKey, tried);
        _deadline = new LoopTimer(static wait => ((LeaseWait)wait).BeLate(), this);
    }

    /// <summary>A wait for the gate.</summary>
    public LeaseWait(LeaseQueue queue, EventLoop loop, Importance importance)
        : this(queue, loop, 0, [], importance) => IsForGate = true;

    /// <summary>True where it waits for the gate, and for no lease.</summary>
    public bool IsForGate { get; }

    /// <summary>True where it may be refused for overload.</summary>
    public bool MayBeShed => IsForGate && Importance != Importance.Never;

    /// <summary>Where it goes on.</summary>
    public EventLoop Loop { get; }

    /// <summary>What the hash balancer spreads by.</summary>
    public ulong HashKey { get; }

    /// <summary>The endpoints that it does not want.</summary>
    public Endpoint[] Tried { get; }

    /// <summary>What it was given, once the result is <see cref="Fault.None"/>; to be returned by whoever waited.</summary>
    public EndpointLease Lease { get; set; }

    internal LeaseWait? Next { get; set; }

    /// <summary>The end of the wait: <see cref="Fault.None"/> with what it waited for, or why it has none. Completes inline on the loop; awaited once.</summary>
    public ValueTask<Fault> EndAsync() => _done ? ValueTask.FromResult(_fault) : new ValueTask<Fault>(this, _completion.Version);

    /// <summary>Leaves the queue because of <paramref name="fault"/>, unless a lease is already on its way: then the wait ends with that. On the loop.</summary>
    public void GiveUp(Fault fault)
    {
        if (!_done && _queue.Leave(this, fault))
        {
            End(fault);
        }
    }

    /// <summary>Ends before anybody awaits it.</summary>
    internal void EndAtOnce(Fault fault) => (_done, _fault) = (true, fault);

    /// <summary>Begins to wait for at most <paramref name="timeout"/>.</summary>
    internal void Begin(TimeSpan timeout) => Loop.Schedule(_deadline, timeout);

    /// <summary>Ends before anybody awaits it, and after <see cref="Begin"/>.</summary>
    internal void Refuse(Fault fault)
    {
        Loop.Cancel(_deadline);
        EndAtOnce(fault);
    }

    /// <summary>Lets it go on, on its loop, with what it was given. Any thread.</summary>
    internal void Post() => Loop.Post(static wait => ((LeaseWait)wait!).End(Fault.None), this);

    /// <summary>Makes it leave, on its loop, because nobody is left to wait for. Any thread.</summary>
    internal void PostGiveUp() => Loop.Post(static wait => ((LeaseWait)wait!).GiveUp(LeaseQueue.Nobody), this);

    /// <summary>Ends it, on its loop, because of <paramref name="fault"/>, after it was taken out. Any thread.</summary>
    internal void PostEnd(Fault fault)
    {
        _fault = fault;
        Loop.Post(static wait => ((LeaseWait)wait!).End(((LeaseWait)wait)._fault), this);
    }

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    // A client that only finished sending may still wait for the answer; one that is reset does not.
    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        if (socket.IsBroken)
        {
            GiveUp(new Fault(FaultSide.Client, FaultKind.Reset));
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => GiveUp(new Fault(FaultSide.Internal, FaultKind.Bug));

    private void BeLate() => GiveUp(new Fault(FaultSide.Internal, MayBeShed ? FaultKind.Overloaded : FaultKind.PendingTimeout));

    private void End(Fault fault)
    {
        Loop.Cancel(_deadline);
        EndAtOnce(fault);
        _completion.SetResult(fault);
    }
}
