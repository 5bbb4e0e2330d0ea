using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

internal sealed class UpstreamTests : UpstreamFixture
{
    [Test]
    public void Can_be_leased_from_before_it_runs()
    {
        var upstream = new Upstream("orders", Options(1), previous: null, Context);

        Assert.That(upstream.Lease(new PickContext(0), out var lease), Is.True);
        Assert.That((lease.Endpoint.Load.Active, lease.Endpoint.Id), Is.EqualTo((1, new EndpointId("orders", Members.Address(1)))));
    }

    [Test]
    public async Task A_client_keeps_its_endpoint_as_long_as_that_has_room()
    {
        await Run(Options(2) with { MaxConnections = 1 });
        var kept = Running.View.Available[1].Endpoint;

        Assert.That(Running.Lease(kept, out var lease), Is.True);
        Assert.That(lease.Endpoint, Is.SameAs(kept));
        Assert.That(Running.Lease(kept, out _), Is.False);
        lease.Return(Fault.None);
        Assert.That(kept.Load.Active, Is.Zero);
    }

    [Test]
    public async Task Tries_every_endpoint_and_then_says_that_there_is_none()
    {
        await Run(Options(3));
        var tried = new List<Endpoint>();
        while (Running.Lease(new PickContext(0, tried.ToArray()), out var lease))
        {
            lease.Return(Refused);
            tried.Add(lease.Endpoint);
        }

        Assert.That(tried.Select(Number), Is.EquivalentTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public async Task Uses_backups_while_no_primary_is_healthy()
    {
        var options = Probed(0);
        await Run(options with
        {
            Endpoints = Endpoints(
                new EndpointOptions { Address = Members.Address(1) },
                new EndpointOptions { Address = Members.Address(2), Backup = true }),
        });
        Assert.That(Leased(4), Is.All.EqualTo(1));

        Connections.Refuse(Members.Address(1));
        await Advance(30);
        Assert.That(Leased(4), Is.All.EqualTo(2));

        Connections.Accept(Members.Address(1));
        await Advance(30);
        Assert.That(Leased(4), Is.All.EqualTo(1));
    }

    [Test]
    public async Task Uses_new_endpoints_until_their_first_probe_has_failed()
    {
        Connections.Refuse(Members.Address(2));
        var upstream = new Upstream("orders", Probed(2), previous: null, Context);
        Assert.That(upstream.View.Available, Has.Length.EqualTo(2));

        await Run(Probed(2));
        await Advance(1);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public async Task Takes_an_endpoint_out_and_in_again_as_its_probes_say()
    {
        await Run(Probed(2));
        await Advance(5);
        Connections.Refuse(Members.Address(1));
        await Advance(10);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }), "two failures of three");

        await Advance(5);
        Assert.That(Available(), Is.EqualTo(new[] { 2 }));

        Connections.Accept(Members.Address(1));
        await Advance(10);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Transitions, Is.EqualTo(new[] { "10.0.0.1:80 Healthy", "10.0.0.2:80 Healthy", "10.0.0.1:80 Unhealthy", "10.0.0.1:80 Healthy" }));
    }

    [Test]
    public async Task Offers_nobody_while_all_probes_fail_and_panic_is_off()
    {
        Connections.Refuse(Members.Address(1));
        Connections.Refuse(Members.Address(2));
        await Run(WithoutPanic(Probed(2)));
        await Advance(1);

        Assert.That(Running.Lease(new PickContext(0), out _), Is.False);
    }

    [Test]
    public async Task Publishes_no_new_view_when_nothing_changes_for_picks()
    {
        await Run(Probed(2));
        var view = Running.View;
        await Advance(60);

        Assert.That(Running.View, Is.SameAs(view));
    }

    [Test]
    public async Task Heals_after_an_error_of_whoever_is_told()
    {
        var bugs = new List<Exception>();
        var upstream = new Upstream("orders", Probed(1), previous: null, Context with
        {
            OnTransition = _ => throw new InvalidOperationException("the log is broken"),
            OnBug = bugs.Add,
        });
        Connections.Refuse(Members.Address(1));
        upstream.Start();
        await upstream.SettleAsync();
        Connections.Accept(Members.Address(1));
        Time.Advance(TimeSpan.FromSeconds(10));
        await upstream.SettleAsync();

        Assert.That(bugs, Has.Count.EqualTo(2));
        Assert.That(upstream.View.Available, Has.Length.EqualTo(1));
        await upstream.DisposeAsync();
    }

    [Test]
    public async Task Can_be_leased_from_after_its_disposal()
    {
        await Run(Probed(1));
        await Running.DisposeAsync();

        Assert.That(Running.Lease(new PickContext(0), out var lease), Is.True);
        lease.Return(Refused);
        Assert.That(lease.Endpoint.Load.Active, Is.Zero);
    }

    [Test]
    public async Task Leaves_no_timer_behind()
    {
        await Run(Probed(3));
        await Advance(7);
        await Fail(Endpoint(1), 5);
        await Running.DisposeAsync();

        Assert.That(Time.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task Ends_every_count_at_zero_while_eight_threads_lease_and_the_pool_flaps()
    {
        await Run(Options(4) with { Health = new() { Passive = new() { Failures = 2, EjectFor = TimeSpan.FromSeconds(1) } } });
        using var stop = new CancellationTokenSource();
        var leasing = Enumerable.Range(0, 8)
            .Select(seed => Task.Factory.StartNew(
                () => LeaseUntil(Running, new Random(seed), stop.Token), default, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToArray();
        var seen = new HashSet<int>();
        for (var step = 0; step < 300; step++)
        {
            await Advance(0.6);
            seen.Add(Available().Length);
        }

        await stop.CancelAsync();
        var counts = await Task.WhenAll(leasing);
        Assert.That(counts.Sum(count => count.Refusals), Is.Zero, "passive health never empties the pool");
        Assert.That(Running.View.All.Select(member => member.Endpoint.Load.Active), Is.All.Zero);
        Assert.That(Running.View.All.Sum(member => member.Endpoint.Load.Leased), Is.EqualTo(counts.Sum(count => count.Leases)));
        Assert.That(seen, Has.Some.LessThan(4).And.None.LessThan(2), "50 % of four at most are out");
    }

    [TestCaseSource(typeof(BalancerCatalog), nameof(BalancerCatalog.Names))]
    public async Task Leases_and_takes_back_without_allocating(string balance)
    {
        await Run(Probed(5) with { Balance = balance });
        Assert.That(Allocations.Of(() => LeaseAll(Running, 100_000)), Is.Zero);
    }

    private static void LeaseAll(Upstream upstream, int times)
    {
        for (var lease = 0; lease < times; lease++)
        {
            upstream.Lease(new PickContext((ulong)lease << 44), out var taken);
            taken.Return(Fault.None);
        }
    }

    /// <summary>Takes leases, of which a third fail; returns how many, and how often nobody was there.</summary>
    private static (long Leases, long Refusals) LeaseUntil(Upstream upstream, Random random, CancellationToken stop)
    {
        long leases = 0, refusals = 0;
        while (!stop.IsCancellationRequested)
        {
            if (upstream.Lease(new PickContext((ulong)random.NextInt64()), out var lease))
            {
                lease.Return(random.Next(3) == 0 ? Refused : Fault.None);
                leases++;
            }
            else
            {
                refusals++;
            }
        }

        return (leases, refusals);
    }
}
