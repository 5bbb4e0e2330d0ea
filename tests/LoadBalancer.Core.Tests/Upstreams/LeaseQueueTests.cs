using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>The cap of open leases, and those who wait for room.</summary>
internal sealed class LeaseQueueTests : UpstreamFixture
{
    private TestLoops _loops = null!;

    [SetUp]
    public void StartLoops() => _loops = new TestLoops(1, Time);

    [TearDown]
    public void StopLoops() => _loops.Dispose();

    [TestCaseSource(typeof(BalancerCatalog), nameof(BalancerCatalog.Names))]
    public async Task Never_leases_more_than_the_cap_while_eight_threads_race(string balance)
    {
        const int Cap = 3;
        await Run(Capped(4, Cap) with { Balance = balance, MaxPending = 0 });
        var open = Running.View.All.ToDictionary(member => member.Endpoint, _ => new StrongCount());
        long most = 0, leases = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            var held = new Queue<EndpointLease>();
            for (var turn = 0; turn < 20_000; turn++)
            {
                if (Running.Lease(new PickContext(Members.Key((thread * 20_000) + turn)), out var lease))
                {
                    Interlocked.Increment(ref leases);
                    InterlockedMax(ref most, Interlocked.Increment(ref open[lease.Endpoint].Value));
                    held.Enqueue(lease);
                }

                if (held.Count > 2 || (held.Count > 0 && turn % 3 == 0))
                {
                    var returned = held.Dequeue();
                    Interlocked.Decrement(ref open[returned.Endpoint].Value);
                    returned.Return(Fault.None);
                }
            }

            foreach (var lease in held)
            {
                var returned = lease;
                Interlocked.Decrement(ref open[returned.Endpoint].Value);
                returned.Return(Fault.None);
            }
        });

        Assert.That(most, Is.LessThanOrEqualTo(Cap));
        Assert.That(leases, Is.GreaterThan(1_000));
        Assert.That(Running.View.All.Select(member => member.Endpoint.Load.Active), Is.All.Zero);
    }

    [Test]
    public async Task Gives_a_freed_slot_to_the_oldest_and_to_nobody_who_comes_later()
    {
        await Run(Capped(1, 1));
        Assert.That(Running.Lease(new PickContext(0), out var first), Is.True);
        var (one, two) = (await Wait(), await Wait());
        Assert.That(Running.Lease(new PickContext(0), out _), Is.False);

        first.Return(Fault.None);
        Assert.That(Running.Lease(new PickContext(0), out _), Is.False, "the slot was never free");
        Assert.That(await End(one!), Is.EqualTo(Fault.None));
        Assert.That((two!.IsWaiting, Running.Pending.Count, Endpoint(1).Load.Active), Is.EqualTo((true, 1, 1)));

        Return(one!);
        Assert.That(await End(two), Is.EqualTo(Fault.None));
        Return(two);
        Assert.That((Running.Pending.Count, Endpoint(1).Load.Active), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Ends_a_wait_at_its_deadline()
    {
        await Run(Capped(1, 1) with { PendingTimeout = TimeSpan.FromSeconds(2) });
        Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
        var wait = await Wait();
        var end = End(wait!);
        Time.Advance(TimeSpan.FromSeconds(1.9));
        await _loops.Run(() => { });
        Assert.That(end.IsCompleted, Is.False);

        Time.Advance(TimeSpan.FromSeconds(0.2));
        _loops.First.Wake();
        Assert.That(await end, Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.PendingTimeout)));
        Assert.That((Running.Pending.Count, Running.Pending.Timeouts), Is.EqualTo((0, 1L)));
    }

    [Test]
    public async Task Refuses_one_more_than_may_wait()
    {
        await Run(Capped(1, 1) with { MaxPending = 1 });
        Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
        var first = await Wait();
        var second = await Wait();

        Assert.That(await End(second!), Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.PendingOverflow)));
        Assert.That((first!.IsWaiting, Running.Pending.Count, Running.Pending.Overflows), Is.EqualTo((true, 1, 1L)));
    }

    [Test]
    public async Task Lets_whoever_gives_up_leave_at_once_and_serves_those_behind()
    {
        await Run(Capped(1, 1));
        Assert.That(Running.Lease(new PickContext(0), out var open), Is.True);
        var (one, two, three) = (await Wait(), await Wait(), await Wait());
        var gone = new Fault(FaultSide.Client, FaultKind.Reset);
        await _loops.Run(() => two!.GiveUp(gone));
        Assert.That((await End(two!), Running.Pending.Count), Is.EqualTo((gone, 2)));

        open.Return(Fault.None);
        Assert.That(await End(one!), Is.EqualTo(Fault.None));
        await _loops.Run(() => one!.GiveUp(gone));
        Return(one!);
        Assert.That(await End(three!), Is.EqualTo(Fault.None));
        Return(three!);
        Assert.That(Endpoint(1).Load.Active, Is.Zero);
    }

    [TestCase(2)]
    [TestCase(null)]
    public async Task Wakes_those_who_wait_when_a_reload_raises_the_cap_or_takes_it_away(int? cap)
    {
        await Run(Capped(1, 1));
        Assert.That(Running.Lease(new PickContext(0), out var open), Is.True);
        var wait = await Wait();
        await Run(Options(1) with { MaxConnections = cap });

        Assert.That(await End(wait!), Is.EqualTo(Fault.None));
        Return(wait!);
        open.Return(Fault.None);
        Assert.That(Endpoint(1).Load.Active, Is.Zero);
    }

    [Test]
    public async Task Carries_those_who_wait_over_a_reload_and_serves_them_then()
    {
        var before = await Run(Capped(1, 1));
        Assert.That(before.Lease(new PickContext(0), out var open), Is.True);
        var (one, two) = (await Wait(), await Wait());
        await Run(Capped(1, 1) with { Balance = "least_connections" });
        Assert.That((one!.IsWaiting, Running.Pending.Count), Is.EqualTo((true, 2)));

        var late = await _loops.Run(() => before.Wait(_loops.First, 0, []));
        open.Return(Fault.None);
        foreach (var wait in new[] { one, two!, late! })
        {
            Assert.That(await End(wait), Is.EqualTo(Fault.None));
            Return(wait);
        }

        Assert.That((Running.Pending.Count, Endpoint(1).Load.Active), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Wakes_those_who_wait_when_an_endpoint_is_added_or_comes_back()
    {
        await Run(Capped(2, 1));
        Running.Drain(new EndpointId("orders", Members.Address(2)));
        await Running.SettleAsync();
        Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
        var one = await Wait();
        Running.Enable(new EndpointId("orders", Members.Address(2)));
        await Running.SettleAsync();
        Assert.That((await End(one!), Number(one!.Lease.Endpoint)), Is.EqualTo((Fault.None, 2)));

        var two = await Wait();
        await Run(Capped(3, 1));
        Assert.That((await End(two!), Number(two!.Lease.Endpoint)), Is.EqualTo((Fault.None, 3)));
    }

    [Test]
    public async Task Waits_for_a_full_primary_and_leaves_its_backup_alone()
    {
        await Run(Capped(0, 1) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(1) }, new() { Address = Members.Address(2), Backup = true }),
        });
        Assert.That(Running.Lease(new PickContext(0), out var open), Is.True);

        Assert.That(Running.Lease(new PickContext(0), out _), Is.False);
        Assert.That(await Wait(), Is.Not.Null);
        Assert.That(Running.Lease(new PickContext(0, [Endpoint(1)]), out _), Is.False, "others wait already");
        open.Return(Fault.None);
        Assert.That(Endpoint(2).Load.Leased, Is.Zero);
    }

    [Test]
    public async Task Uses_the_backup_of_a_primary_that_failed()
    {
        await Run(Capped(0, 1) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(1) }, new() { Address = Members.Address(2), Backup = true }),
        });

        Assert.That(Running.Lease(new PickContext(0, [Endpoint(1)]), out var lease), Is.True);
        Assert.That(Number(lease.Endpoint), Is.EqualTo(2));
    }

    [Test]
    public async Task Serves_one_who_wants_what_is_free_before_one_who_has_tried_it()
    {
        await Run(Capped(2, 1));
        Assert.That(Running.Lease(new PickContext(0), out var one), Is.True);
        Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
        var choosy = await _loops.Run(() => Running.Wait(_loops.First, 0, [one.Endpoint]));
        var any = await Wait();

        one.Return(Fault.None);
        Assert.That(await End(any!), Is.EqualTo(Fault.None));
        Assert.That((choosy!.IsWaiting, any!.Lease.Endpoint), Is.EqualTo((true, one.Endpoint)));
    }

    [Test]
    public async Task Lets_everybody_go_at_once_when_the_last_endpoint_goes_away()
    {
        await Run(Capped(1, 1));
        Assert.That(Running.Lease(new PickContext(0), out var open), Is.True);
        var (one, two) = (await Wait(), await Wait());
        Running.Drain(new EndpointId("orders", Members.Address(1)));
        await Running.SettleAsync();
        Assert.That((await End(one!), await End(two!)), Is.EqualTo((LeaseQueue.Nobody, LeaseQueue.Nobody)));
        open.Return(Fault.None);
        Assert.That((Running.Pending.Count, open.Endpoint.Load.Active), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Has_nothing_to_wait_for_where_nobody_is_available()
    {
        await Run(Capped(1, 1));

        Assert.That(await _loops.Run(() => Running.Wait(_loops.First, 0, [Endpoint(1)])), Is.Null);
        Running.Drain(new EndpointId("orders", Members.Address(1)));
        await Running.SettleAsync();
        Assert.That(await Wait(), Is.Null);
    }

    [Test]
    public async Task Leases_within_the_cap_without_allocating()
    {
        await Run(Capped(5, 3));
        Assert.That(Allocations.Of(() => LeaseAll(Running)), Is.Zero);

        static void LeaseAll(Upstream upstream)
        {
            for (var lease = 0; lease < 100_000; lease++)
            {
                upstream.Lease(new PickContext((ulong)lease << 44), out var taken);
                taken.Return(Fault.None);
            }
        }
    }

    private static UpstreamOptions Capped(int endpoints, int cap) => Options(endpoints) with { MaxConnections = cap };

    private Task<LeaseWait?> Wait() => _loops.Run(() => Running.Wait(_loops.First, 0, []));

    private Task<Fault> End(LeaseWait wait) => _loops.Run(wait.EndAsync);

    private static void Return(LeaseWait wait)
    {
        var lease = wait.Lease;
        lease.Return(Fault.None);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
            {
                return;
            }
        }
    }

    private sealed class StrongCount
    {
        public int Value;
    }
}
