using System.Runtime.CompilerServices;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>What a reload keeps.</summary>
internal sealed class AdoptionTests : UpstreamFixture
{
    [Test]
    public async Task Keeps_the_endpoint_with_its_load_while_weight_and_neighbours_change()
    {
        await Run(Options(2));
        var endpoint = Endpoint(1);
        var lease = endpoint.Lease();
        await Run(Options(3) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(3) }, new() { Address = Members.Address(1), Weight = 7 }),
        });

        Assert.That(Endpoint(1), Is.SameAs(endpoint));
        Assert.That((Running.View.All[1].Weight, endpoint.Load.Active), Is.EqualTo((7, 1)));
        lease.Return(Fault.None);
        Assert.That(endpoint.Load.Active, Is.Zero);
    }

    /// <summary>Whoever began under the configuration before, and comes to his lease only now, in a handshake perhaps.</summary>
    [Test]
    public async Task Who_comes_late_gets_an_endpoint_of_the_upstream_that_runs_now()
    {
        var before = await Run(Options(2));
        var between = await Run(Options(3));
        await Run(Options(2) with { Endpoints = Endpoints(new EndpointOptions { Address = Members.Address(2) }) });
        for (var pick = 0; pick < 4; pick++)
        {
            Assert.That(before.Lease(new PickContext(0), out var lease) && between.Lease(new PickContext(0), out lease), Is.True);
            Assert.That(Number(lease.Endpoint), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Where_more_has_changed_the_late_go_where_they_were_to_go_until_the_drain_of_that_is_over()
    {
        var before = await Run(Options(1));
        var endpoint = Endpoint(1);
        await Run(Options(1) with { Endpoints = Endpoints(new EndpointOptions { Address = Members.Address(2) }), Timeouts = new() { Connect = TimeSpan.FromSeconds(1) } });
        var withdrawal = new Withdrawal([endpoint]);
        Assert.That(before.Lease(new PickContext(0), out var lease), Is.True);
        Assert.That((lease.Endpoint, withdrawal.Open), Is.EqualTo((endpoint, 1)));
        withdrawal.Close();
        Assert.That(before.Lease(new PickContext(0), out _) || before.Lease(endpoint, out _), Is.False);
        Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
    }

    [Test]
    public async Task What_was_taken_away_is_back_when_a_configuration_that_has_it_runs_and_not_when_it_is_built()
    {
        await Run(Options(2));
        var endpoint = Endpoint(1);
        var held = endpoint.Lease();
        await Run(Options(2) with { Discover = null, Endpoints = Endpoints(new EndpointOptions { Address = Members.Address(2) }) });
        var withdrawal = new Withdrawal([endpoint]);
        var next = new Upstream("orders", Options(2), Running, Context);
        Assert.That(withdrawal.Holds(endpoint), Is.True, "it may be refused yet");
        await StartAsync(next);
        Assert.That((Endpoint(1), withdrawal.IsOver), Is.EqualTo((endpoint, true)));
        held.Return(Fault.None);
    }

    [Test]
    public async Task Lets_sessions_of_an_endpoint_of_weight_zero_finish_and_gives_it_nothing_new()
    {
        await Run(Options(2));
        var lease = Endpoint(1).Lease();
        await Run(Options(2) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(1), Weight = 0 }, new() { Address = Members.Address(2) }),
        });

        Assert.That(Leased(10), Is.All.EqualTo(2));
        Assert.That(Endpoint(1).Load.Active, Is.EqualTo(1));
        lease.Return(Fault.None);
        Assert.That(Endpoint(1).Load.Active, Is.Zero);
    }

    [Test]
    public async Task Keeps_verdicts_so_that_a_dead_endpoint_stays_out_through_fifty_reloads()
    {
        Connections.Refuse(Members.Address(1));
        await Run(Probed(2));
        await Advance(1);

        // It answers again, but nobody may believe that before the probes that are due have said so.
        Connections.Accept(Members.Address(1));
        for (var reload = 0; reload < 50; reload++)
        {
            await Run(Probed(2) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(1 + reload) } });
            Assert.That(Available(), Is.EqualTo(new[] { 2 }));
            Assert.That(Leased(2), Is.All.EqualTo(2));
        }

        await Advance(10);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task Keeps_an_ejection_and_its_end()
    {
        await Run(Options(2));
        await Fail(Endpoint(1), 5);
        await Advance(20);
        await Run(Options(3));
        Assert.That(Available(), Is.EqualTo(new[] { 2, 3 }));

        await Advance(11);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public async Task Keeps_failures_that_do_not_yet_make_an_ejection()
    {
        await Run(Options(2));
        await Fail(Endpoint(1), 4);
        await Run(Options(3));
        await Fail(Endpoint(1), 1);

        Assert.That(Available(), Is.EqualTo(new[] { 2, 3 }));
    }

    [Test]
    public async Task Keeps_an_open_circuit_and_what_is_left_of_its_time()
    {
        var options = Options(2) with { CircuitBreaker = new() { Minimum = 2 } };
        var before = await Run(options);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Assert.That(before.Circuit!.TryEnter(0, out var pass), Is.True);
            pass.Return(0, Refused);
        }

        await Running.SettleAsync();
        Assert.That(Circuits, Is.EqualTo(new[] { "Open: 2 of 2 attempts within 10 s failed, the last connect_refused" }));

        await Advance(5);
        for (var reload = 0; reload < 50; reload++)
        {
            await Run(options with { Timeouts = new() { Connect = TimeSpan.FromSeconds(1 + reload) } });
        }

        Assert.That((Running.Circuit!.TryEnter(0, out _), Running.Circuit.RetryAfterSeconds), Is.EqualTo((false, 10)));

        await Advance(10);
        Assert.That(Running.Circuit.TryEnter(1, out _), Is.True);
        await Running.SettleAsync();
        Assert.That(Circuits.Last(), Is.EqualTo("HalfOpen: 15 s have passed"), "the one that runs is told");

        await Run(options with { CircuitBreaker = null });
        Assert.That(Running.Circuit, Is.Null);
    }

    [Test]
    public async Task Keeps_the_place_in_the_rotation()
    {
        await Run(Options(3));
        var visited = new List<int>();
        for (var reload = 0; reload < 6; reload++)
        {
            visited.AddRange(Leased(1));
            await Run(Options(3) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(1 + reload) } });
        }

        Assert.That(visited.Take(3), Is.EquivalentTo(new[] { 1, 2, 3 }));
        Assert.That(visited.Skip(3), Is.EqualTo(visited.Take(3)));
    }

    [Test]
    public async Task Lets_a_lease_from_before_teach_the_upstream_that_runs_after()
    {
        var before = await Run(Options(3));
        var leases = Enumerable.Range(0, 15).Select(_ => before.Lease(new PickContext(0), out var lease) ? lease : default).ToArray();
        await Run(Options(3) with { Balance = "hash" });
        foreach (var lease in leases.Where(lease => Number(lease.Endpoint) == 2))
        {
            lease.Return(Refused);
        }

        await Running.SettleAsync();
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3 }));
    }

    [Test]
    public async Task Leaves_no_trace_of_an_upstream_that_was_never_started()
    {
        await Run(Probed(2));
        await Advance(1);
        var attempts = Connections.Attempts;
        var discarded = new Upstream("orders", Options(3), Running, Context);
        await discarded.DisposeAsync();
        await Advance(7);
        Assert.That(Connections.Attempts, Is.EqualTo(attempts + 2), "the one that runs goes on probing");

        await Fail(Endpoint(1), 5);
        Assert.That(Available(), Is.EqualTo(new[] { 2 }), "and watching");
    }

    [Test]
    public async Task Forgets_a_verdict_when_probing_is_turned_off()
    {
        Connections.Refuse(Members.Address(1));
        await Run(Probed(2));
        await Run(Options(2));

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Endpoint(1).Health.Active, Is.SameAs(ActiveHealth.Unproven));
    }

    [Test]
    public async Task Forgets_an_ejection_when_watching_is_turned_off()
    {
        await Run(Options(2));
        await Fail(Endpoint(1), 5);
        await Run(Options(2) with { Health = new HealthOptions { Passive = null } });

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task Probes_at_the_same_pace_however_often_it_reloads()
    {
        await Run(Probed(1));
        for (var reload = 1; reload <= 50; reload++)
        {
            await Advance(1);
            await Run(Probed(1) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(reload) } });
        }

        Assert.That(Connections.Attempts, Is.EqualTo(11), "at 0, 5, ... 50 s");
        Assert.That(Time.ActiveTimers, Is.EqualTo(1));
    }

    [Test]
    public async Task Keeps_no_upstream_alive_that_was_replaced()
    {
        var replaced = new List<WeakReference>();
        for (var reload = 1; reload <= 10; reload++)
        {
            replaced.Add(await RunWeakly(reload));
        }

        replaced.RemoveAt(replaced.Count - 1);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.That(replaced.Count(upstream => upstream.IsAlive), Is.Zero);
    }

    /// <summary>Not inlined and with endpoints that come and go, so that the test's own frame holds nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> RunWeakly(int reload)
    {
        var upstream = await Run(Probed(1 + (reload % 3)));
        await Fail(Endpoint(1), 5);
        return new WeakReference(upstream);
    }
}
