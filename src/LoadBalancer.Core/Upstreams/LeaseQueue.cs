using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The cap of open leases at each endpoint of an upstream, and the one queue of those who wait for room: first come, first
/// served, over all loops. It belongs to the upstream's name and outlives reloads, and so do those who wait in it.
/// </summary>
/// <remarks>
/// <code>
///   Lease ── room, nobody waits ─► endpoint            return of a lease ──┐
///     └── no room ─► Enter ─► queue ◄── the oldest is given a lease ───────┼── new view, other cap
///                                └──► deadline, client gone, drain: Leave
/// </code>
/// Whoever gives a slot back takes the lease for the oldest who waits and posts to its loop: the slot is never free in between, so that nobody
/// who comes later gets it. No wake-up is lost: who enters is counted first and then looks for room, who returns counts the return first and
/// then looks for those who wait.
/// <para>
/// Without a cap a lease costs one read here, and a return one null check. Rule zero: there is a lock, held only while somebody waits; a
/// list with exits in its middle, shared by all loops, is no work for interlocked operations.
/// </para>
/// </remarks>
internal sealed class LeaseQueue : ReturnObserver
{
    /// <summary>How often a pick that lost its last slot to another thread is made again before it waits.</summary>
    private const int Attempts = 8;

    /// <summary>The end of a wait in which the last endpoint went away.</summary>
    internal static readonly Fault Nobody = new(FaultSide.Upstream, FaultKind.NoEndpoint);

    private readonly Lock _lock = new();
    private int _cap = PickContext.NoCap;
    private int _most;
    private TimeSpan _timeout;
    private Live<UpstreamView>? _view;
    private LeaseWait? _first;
    private LeaseWait? _last;
    private int _count;
    private long _timeouts;
    private long _overflows;

    /// <summary>The most open leases of an endpoint; <see cref="PickContext.NoCap"/> where there is no cap.</summary>
    public int Cap => Volatile.Read(ref _cap);

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many ever waited in vain until their time was over.</summary>
    public long Timeouts => Volatile.Read(ref _timeouts);

    /// <summary>How many ever found the queue full.</summary>
    public long Overflows => Volatile.Read(ref _overflows);

    /// <summary>From here on serves from <paramref name="view"/>, within the bounds of <paramref name="options"/>.</summary>
    public void Follow(Live<UpstreamView> view, UpstreamOptions options)
    {
        lock (_lock)
        {
            (_view, _most, _timeout) = (view, options.MaxPending, options.PendingTimeout);
            Volatile.Write(ref _cap, options.MaxConnections ?? PickContext.NoCap);
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
        if (Count > 0)
        {
            lease = default;
            return false;
        }

        return Take(view, new PickContext(context.HashKey, context.Tried, Cap), out lease);
    }

    /// <summary>Enters the queue, on <paramref name="loop"/>.</summary>
    /// <returns>The wait, which may have ended already; null where room would not help, because nobody is available who was not tried.</returns>
    public LeaseWait? Enter(UpstreamView view, EventLoop loop, ulong hashKey, Endpoint[] tried)
    {
        if (view.Balancer.Pick(new PickContext(hashKey, tried)) is null)
        {
            return null;
        }

        var wait = new LeaseWait(this, loop, hashKey, tried);
        LeaseWait? served;
        lock (_lock)
        {
            if (_count >= _most && _cap != PickContext.NoCap)
            {
                Volatile.Write(ref _overflows, _overflows + 1);
                wait.EndAtOnce(new Fault(FaultSide.Internal, FaultKind.PendingOverflow));
                return wait;
            }

            Link(wait);
            served = Serve();
            if (wait.IsWaiting && IsInVain(wait))
            {
                Unlink(wait);
                wait.EndAtOnce(Nobody);
            }
            else if (wait.IsWaiting)
            {
                wait.Begin(_timeout);
            }
        }

        Post(served, unless: wait);
        return wait;
    }

    /// <summary>Takes <paramref name="wait"/> out, where it still waits; false where it has been given a lease.</summary>
    public bool Leave(LeaseWait wait, Fault fault)
    {
        lock (_lock)
        {
            if (!wait.IsWaiting)
            {
                return false;
            }

            Unlink(wait);
            if (fault.Kind == FaultKind.PendingTimeout)
            {
                Volatile.Write(ref _timeouts, _timeouts + 1);
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public override void Returned()
    {
        if (Count == 0)
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
        if (Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            for (var wait = _first; wait is not null; wait = wait.Next)
            {
                if (IsInVain(wait))
                {
                    wait.PostGiveUp();
                }
            }
        }
    }

    /// <summary>True where nobody is available whom it has not tried, so that no return would help. Under the lock.</summary>
    private bool IsInVain(LeaseWait wait) => _view?.Current.Balancer.Pick(new PickContext(wait.HashKey, wait.Tried)) is null;

    /// <summary>Takes a lease that a pick allows. It ends: each attempt that fails means that somebody else succeeded, and they are counted.</summary>
    private static bool Take(UpstreamView view, in PickContext context, out EndpointLease lease)
    {
        for (var attempt = 0; attempt < Attempts && view.Balancer.Pick(context) is { } endpoint; attempt++)
        {
            if (endpoint.TryLease(context.Cap, out lease))
            {
                return true;
            }
        }

        lease = default;
        return false;
    }

    /// <summary>Gives leases from the oldest on, while there is room. Under the lock.</summary>
    /// <returns>Those who got one, linked by <see cref="LeaseWait.Next"/>.</returns>
    private LeaseWait? Serve()
    {
        LeaseWait? first = null, last = null;
        for (var wait = _first; wait is not null && _view is not null;)
        {
            var next = wait.Next;
            if (Take(_view.Current, new PickContext(wait.HashKey, wait.Tried, _cap), out var lease))
            {
                wait.Lease = lease;
                Unlink(wait);
                if (last is null)
                {
                    first = wait;
                }
                else
                {
                    last.Next = wait;
                }

                last = wait;
            }
            else if (wait.Tried.Length == 0)
            {
                // Nobody has room: those behind it would fare no better. One who has tried some may only want others than are free.
                break;
            }

            wait = next;
        }

        return first;
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

    private void Link(LeaseWait wait)
    {
        wait.IsWaiting = true;
        wait.Previous = _last;
        if (_last is null)
        {
            _first = wait;
        }
        else
        {
            _last.Next = wait;
        }

        _last = wait;

        // A full fence: counted before it looks for room.
        Interlocked.Increment(ref _count);
    }

    private void Unlink(LeaseWait wait)
    {
        wait.IsWaiting = false;
        if (wait.Previous is null)
        {
            _first = wait.Next;
        }
        else
        {
            wait.Previous.Next = wait.Next;
        }

        if (wait.Next is null)
        {
            _last = wait.Previous;
        }
        else
        {
            wait.Next.Previous = wait.Previous;
        }

        wait.Next = wait.Previous = null;
        Interlocked.Decrement(ref _count);
    }
}
