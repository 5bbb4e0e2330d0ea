// One file: who may wait, who is served, and who goes, under one lock; a second file would have to share it.
using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The cap of open leases at each endpoint of an upstream, its <see cref="Gate"/>, and the one queue of those who wait for room at either: by
/// importance, over all loops. It belongs to the upstream's name and outlives reloads, and so do those who wait in it.
/// </summary>
/// <remarks>
/// <code>
///   Lease ── room, nobody waits ─► endpoint            return of a lease ──┐
///     └── no room ─► Enter ─► queue ◄── the next is given a lease ─────────┼── new view, other cap
///   Gate ─── no room ───┘        └──► deadline, client gone, drain: Leave  └── somebody leaves the gate, its limit rises
/// </code>
/// For a lease it is first come, first served among equals. At the gate that changes in overload, see <see cref="WaitingLine"/>. An exchange waits
/// for the gate once, and then for a lease, where that is needed too. Where the queue is full, whoever is less important than the one who comes goes.
/// <para>
/// Whoever gives a slot back takes the lease for the next who waits and posts to its loop: the slot is never free in between, so that nobody
/// who comes later gets it. No wake-up is lost: who enters is counted first and then looks for room, who returns counts the return first and
/// then looks for those who wait. At the gate one who comes may count for a moment in a place that another could have; it finds that it may not, and then
/// looks for those who wait itself.
/// </para>
/// <para>
/// Without a cap a lease costs one read here, and a return one null check. Rule zero: there is a lock, held only while somebody waits; a
/// list with exits in its middle, shared by all loops, is no work for interlocked operations.
/// </para>
/// </remarks>
internal sealed class LeaseQueue : ReturnObserver
{
    /// <summary>Nobody is asked to wait for less than this part of <c>pending_timeout</c>.</summary>
    private const int LeastPart = 32;

    /// <summary>How often a pick that lost its last slot to another thread is made again before it waits.</summary>
    private const int Attempts = 8;

    /// <summary>The end of a wait in which the last endpoint went away.</summary>
    internal static readonly Fault Nobody = new(FaultSide.Upstream, FaultKind.NoEndpoint);

    /// <summary>The end of a wait at the gate in which the circuit opened.</summary>
    internal static readonly Fault CircuitIsOpen = new(FaultSide.Upstream, FaultKind.CircuitOpen);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly WaitingLine _forLease;
    private readonly WaitingLine _forGate;
    private readonly long[] _shed = new long[Enum.GetValues<Importance>().Length];
    private int _cap = PickContext.NoCap;
    private int _most;
    private TimeSpan _timeout;
    private Live<UpstreamView>? _view;
    private int _leaseWaits;
    private int _gateWaits;
    private int _roomWaits;
    private long _timeouts;
    private long _overflows;

    /// <summary>A queue without bounds, before <see cref="Follow"/>.</summary>
    public LeaseQueue(int loops, TimeProvider time)
    {
        (_time, _forLease, _forGate) = (time, new WaitingLine(time), new WaitingLine(time));
        Gate = new Gate(this, loops, time);
    }

    /// <summary>The way in to the upstream.</summary>
    public Gate Gate { get; }

    /// <summary>The most open leases of an endpoint; <see cref="PickContext.NoCap"/> where there is no cap.</summary>
    public int Cap => Volatile.Read(ref _cap);

    /// <summary>How many wait.</summary>
    public int Count => Waits + Volatile.Read(ref _roomWaits);

    /// <summary>How many wait for the gate.</summary>
    public int GateWaits => Volatile.Read(ref _gateWaits);

    // Those whom a return or another view may help.
    private int Waits => Volatile.Read(ref _leaseWaits) + GateWaits;

    /// <summary>How many ever waited in vain until their time was over.</summary>
    public long Timeouts => Volatile.Read(ref _timeouts);

    /// <summary>How many ever found the queue full.</summary>
    public long Overflows => Volatile.Read(ref _overflows);

    /// <summary>How many of one importance were ever refused for overload.</summary>
    public long Shed(Importance importance) => Volatile.Read(ref _shed[(int)importance]);

    /// <summary>From here on serves from <paramref name="view"/>, within the bounds of <paramref name="options"/>.</summary>
    public void Follow(Live<UpstreamView> view, UpstreamOptions options)
    {
        lock (_lock)
        {
            (_view, _most, _timeout) = (view, options.MaxPending, options.PendingTimeout);
            Volatile.Write(ref _cap, options.MaxLeases ?? PickContext.NoCap);
            Gate.Follow(options.Concurrency);
        }

        Attach(view.Current.All);
        Changed();
    }

    /// <summary>Hears of the returns of <paramref name="all"/>, where there is a cap; before a view with them is published.</summary>
    public void Attach(ImmutableArray<Member> all)
    {
        foreach (var (endpoint, _, _) in all)
        {
            endpoint.Returns = Cap == PickContext.NoCap ? null : this;
        }
    }

    /// <summary>Takes a lease within the cap, unless others wait already.</summary>
    public bool TryLease(UpstreamView view, in PickContext context, out EndpointLease lease)
    {
        if (Volatile.Read(ref _leaseWaits) > 0)
        {
            lease = default;
            return false;
        }

        return Take(view, new PickContext(context.HashKey, context.Tried, Cap), out lease);
    }

    /// <summary>Enters the queue for a lease, on <paramref name="loop"/>.</summary>
    /// <returns>The wait, which may have ended already; null where room would not help, because nobody is available who was not tried.</returns>
    public LeaseWait? Enter(UpstreamView view, EventLoop loop, ulong hashKey, Endpoint[] tried, Importance importance)
    {
        if (view.Balancer.Pick(new PickContext(hashKey, tried)) is null or { IsGone: true })
        {
            return null;
        }

        return Enter(new LeaseWait(this, loop, hashKey, tried, importance));
    }

    /// <summary>Enters the queue for the gate, on <paramref name="loop"/>.</summary>
    /// <returns>The wait, which may have ended already.</returns>
    public LeaseWait Enter(EventLoop loop, Importance importance) => Enter(new LeaseWait(this, loop, importance));

    /// <summary>Takes <paramref name="wait"/> out, where it still waits; false where it has been given what it waited for.</summary>
    public bool Leave(LeaseWait wait, Fault fault)
    {
        lock (_lock)
        {
            if (!wait.IsWaiting)
            {
                return false;
            }

            Unlink(wait);
            Note(fault.Kind, wait.Importance);
            return true;
        }
    }

    /// <summary>
    /// Counts one who waits elsewhere, on its loop, for room for a connection to an endpoint whose connections are shared; false where so many wait
    /// already as may. Whoever is counted leaves by <see cref="LeaveRoom"/>.
    /// </summary>
    public bool TryEnterRoom()
    {
        Interlocked.Increment(ref _roomWaits);
        if (Count <= Volatile.Read(ref _most))
        {
            return true;
        }

        Interlocked.Decrement(ref _roomWaits);
        return false;
    }

    /// <summary>One who was counted by <see cref="TryEnterRoom"/> waits no more.</summary>
    public void LeaveRoom() => Interlocked.Decrement(ref _roomWaits);

    /// <summary>Counts one who waited for room and is refused it.</summary>
    public void NoteRoom(FaultKind kind)
    {
        lock (_lock)
        {
            Note(kind, Importance.Normal);
        }
    }

    /// <inheritdoc/>
    public override void Returned()
    {
        if (Waits == 0)
        {
            return;
        }

        LeaseWait? served;
        lock (_lock)
        {
            served = Serve();
        }

        Post(served, unless: null);
    }

    /// <summary>After another view is published: serves those for whom there is room, and lets those go for whom nobody is left.</summary>
    public void Changed()
    {
        Returned();
        if (Waits == 0)
        {
            return;
        }

        lock (_lock)
        {
            GiveUpInVain(_forLease);
            GiveUpInVain(_forGate);
        }
    }

    /// <summary>After the circuit breaker has opened: whoever waits at the gate would only be refused behind it.</summary>
    public void CircuitOpened()
    {
        lock (_lock)
        {
            for (var importance = Importance.Low; importance <= Importance.Never; importance++)
            {
                while (_forGate.Oldest(importance) is LeaseWait wait)
                {
                    Unlink(wait);
                    wait.PostEnd(CircuitIsOpen);
                }
            }
        }
    }

    /// <summary>Under the lock.</summary>
    private void GiveUpInVain(WaitingLine line)
    {
        for (var importance = Importance.Low; importance <= Importance.Never; importance++)
        {
            for (var member = line.Oldest(importance); member is LeaseWait wait; member = member.Newer)
            {
                if (IsInVain(wait))
                {
                    wait.PostGiveUp();
                }
            }
        }
    }

    private LeaseWait Enter(LeaseWait wait)
    {
        LeaseWait? served;
        lock (_lock)
        {
            // Counted before it looks for room: a full fence.
            Interlocked.Increment(ref CountOf(wait));
            var patience = PatienceOf(wait);
            LineOf(wait).Add(wait, _time.GetTimestamp());
            served = Serve();
            if (wait.IsWaiting && IsInVain(wait))
            {
                Unlink(wait);
                wait.EndAtOnce(Nobody);
            }
            else if (wait.IsWaiting)
            {
                wait.Begin(patience);
                MakeRoom(wait);
            }
        }

        Post(served, unless: wait);
        return wait;
    }

    private ref int CountOf(LeaseWait wait) => ref wait.IsForGate ? ref _gateWaits : ref _leaseWaits;

    private WaitingLine LineOf(LeaseWait wait) => wait.IsForGate ? _forGate : _forLease;

    private TimeSpan PatienceOf(LeaseWait wait)
    {
        if (!wait.IsForGate)
        {
            return _timeout;
        }

        var (turn, least) = (Gate.Base, _timeout / LeastPart);
        _forGate.Turn = turn > least ? turn : least;
        return _forGate.Patience(wait.Importance, _time.GetTimestamp(), _timeout);
    }

    /// <summary>Where more wait than may, lets one go: the least important, and <paramref name="wait"/> itself where nobody is less important. Under the lock.</summary>
    private void MakeRoom(LeaseWait wait)
    {
        if (Count <= _most || (_cap == PickContext.NoCap && !wait.IsForGate))
        {
            return;
        }

        var now = _time.GetTimestamp();
        var goes = (LeaseWait?)(_forGate.Yielding(wait.Importance, now) ?? _forLease.Yielding(wait.Importance, now)) ?? wait;
        var fault = new Fault(FaultSide.Internal, goes.MayBeShed ? FaultKind.Overloaded : FaultKind.PendingOverflow);
        Unlink(goes);
        Note(fault.Kind, goes.Importance);
        if (goes == wait)
        {
            wait.Refuse(fault);
        }
        else
        {
            goes.PostEnd(fault);
        }
    }

    private void Note(FaultKind kind, Importance importance)
    {
        switch (kind)
        {
            case FaultKind.Overloaded:
                Volatile.Write(ref _shed[(int)importance], _shed[(int)importance] + 1);
                break;
            case FaultKind.PendingTimeout:
                Volatile.Write(ref _timeouts, _timeouts + 1);
                break;
            case FaultKind.PendingOverflow:
                Volatile.Write(ref _overflows, _overflows + 1);
                break;
        }
    }

    /// <summary>True where nobody is available whom it has not tried, so that no return would help. Under the lock.</summary>
    // Who waits for the gate picks when he is in: two picks for each request would skew a rotation.
    private bool IsInVain(LeaseWait wait) => wait.IsForGate
        ? _view?.Current.Available.IsEmpty != false
        : _view?.Current.Balancer.Pick(new PickContext(wait.HashKey, wait.Tried)) is null;

    /// <summary>Takes a lease that a pick allows. It ends: each attempt that fails means that somebody else succeeded, and they are counted.</summary>
    private static bool Take(UpstreamView view, in PickContext context, out EndpointLease lease)
    {
        for (var attempt = 0; attempt < Attempts && view.Balancer.Pick(context) is { } endpoint; attempt++)
        {
            if (endpoint.IsGone)
            {
                break;
            }

            if (endpoint.TryLease(context.Cap, out lease))
            {
                return true;
            }
        }

        lease = default;
        return false;
    }

    /// <summary>Gives out what room there is. Under the lock.</summary>
    /// <returns>Those who got some, linked by <see cref="LeaseWait.Next"/>.</returns>
    private LeaseWait? Serve()
    {
        LeaseWait? served = null;
        while (_forGate.Count > 0 && Gate.TryTake())
        {
            var wait = (LeaseWait)_forGate.Next(_time.GetTimestamp())!;
            Unlink(wait);
            (wait.Next, served) = (served, wait);
        }

        for (var importance = Importance.Never; _forLease.Count > 0 && _view is not null; importance--)
        {
            if (!Serve(importance, ref served) || importance == Importance.Low)
            {
                break;
            }
        }

        return served;
    }

    /// <summary>Gives leases to those of one importance from the oldest on, while there is room.</summary>
    /// <returns>False where nobody has room: those behind would fare no better.</returns>
    private bool Serve(Importance importance, ref LeaseWait? served)
    {
        for (var wait = (LeaseWait?)_forLease.Oldest(importance); wait is not null;)
        {
            var newer = (LeaseWait?)wait.Newer;
            if (Take(_view!.Current, new PickContext(wait.HashKey, wait.Tried, _cap), out var lease))
            {
                wait.Lease = lease;
                Unlink(wait);
                (wait.Next, served) = (served, wait);
            }
            else if (wait.Tried.Length == 0)
            {
                // One who has tried some may only want others than are free.
                return false;
            }

            wait = newer;
        }

        return true;
    }

    private static void Post(LeaseWait? served, LeaseWait? unless)
    {
        while (served is not null)
        {
            var next = served.Next;
            served.Next = null;
            if (served == unless)
            {
                served.EndAtOnce(Fault.None);
            }
            else
            {
                served.Post();
            }

            served = next;
        }
    }

    private void Unlink(LeaseWait wait)
    {
        LineOf(wait).Remove(wait);
        Interlocked.Decrement(ref CountOf(wait));
    }
}
