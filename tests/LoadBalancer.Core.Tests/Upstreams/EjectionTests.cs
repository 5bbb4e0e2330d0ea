using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Upstreams;

internal sealed class EjectionTests : UpstreamFixture
{
    [Test]
    public async Task Takes_a_failing_endpoint_out_and_back_in_when_its_time_has_passed()
    {
        await Run(Options(3));
        await Fail(Endpoint(2), 4);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3 }));

        await Fail(Endpoint(2), 1);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3 }));
        Assert.That(Leased(6), Has.None.EqualTo(2));

        await Advance(29.9);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3 }));

        await Advance(0.2);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(Transitions, Is.EqualTo(new[] { "10.0.0.2:80 Ejected", "10.0.0.2:80 Returned" }));
    }

    [Test]
    public async Task Says_why()
    {
        await Run(Options(3));
        await Fail(Endpoint(2), 5);

        Assert.That(Endpoint(2).Health.Ejection!.Reason, Is.EqualTo("5 failures within 30 s, the last connect_refused"));
    }

    [Test]
    public async Task Lasts_longer_each_time_and_forgets_after_a_quiet_while()
    {
        await Run(Options(3));
        var lengths = new List<double>();
        foreach (var pause in new[] { 0, 0, 0, 0, 0, 0, 500 })
        {
            await Advance(pause);
            await Fail(Endpoint(1), 5);
            lengths.Add(Endpoint(1).Health.Ejection!.For.TotalSeconds);
            await Advance(lengths[^1]);
            Assert.That(Available(), Has.Member(1));
        }

        Assert.That(lengths, Is.EqualTo(new[] { 30, 60, 120, 240, 480, 480, 30 }));
    }

    [Test]
    public async Task Is_never_for_more_than_the_allowed_share()
    {
        await Run(Options(5));
        for (var number = 1; number <= 5; number++)
        {
            await Fail(Endpoint(number), 5);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 3, 4, 5 }), "50 % of five is two");
        Assert.That(Transitions.Count(transition => transition.EndsWith("Spared", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(Enumerable.Range(1, 5).Select(number => Endpoint(number).Health.Transitions(TransitionKind.Ejected)), Is.EqualTo(new[] { 1, 1, 0, 0, 0 }));
        Assert.That(Enumerable.Range(1, 5).Select(number => Endpoint(number).Health.Transitions(TransitionKind.Spared)), Is.EqualTo(new[] { 0, 0, 1, 1, 1 }));
    }

    [Test]
    public async Task Is_for_a_share_of_those_that_traffic_may_go_to()
    {
        await Run(Options(0) with { Endpoints = [.. Enumerable.Range(1, 10).Select(number => new EndpointOptions { Address = Members.Address(number), Weight = number > 5 ? 0 : 1 })] });
        for (var number = 1; number <= 5; number++)
        {
            await Fail(Endpoint(number), 5);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 3, 4, 5 }), "50 % of the five that have a weight");
    }

    [Test]
    public async Task Ends_for_those_that_are_out_longest_where_the_others_become_fewer([Values("reload", "drain", "weight", "share")] string how)
    {
        await Run(Options(6));
        for (var number = 1; number <= 3; number++)
        {
            await Fail(Endpoint(number), 5);
            await Advance(1);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 4, 5, 6 }));
        if (how is "reload" or "share")
        {
            await Run(how == "reload" ? Options(4) : Options(6) with { Health = new() { Passive = new() { MaxEjected = 0.34 } } });
        }
        else
        {
            foreach (var id in new[] { Endpoint(5).Id, Endpoint(6).Id })
            {
                Assert.That(how == "drain" ? Running.Drain(id) : Running.Weigh(id, 0), Is.True);
            }

            await Running.SettleAsync();
        }

        Assert.That(Available(), Is.EqualTo(how == "share" ? [1, 4, 5, 6] : new[] { 1, 4 }));
        Assert.That(Transitions, Does.Contain("10.0.0.1:80 Returned").And.Not.Contain("10.0.0.2:80 Returned"));
        await Advance(40);
        Assert.That(Available(), Is.EqualTo(how == "share" ? [1, 2, 3, 4, 5, 6] : new[] { 1, 2, 3, 4 }));
    }

    [Test]
    public async Task Is_never_for_the_last_endpoint_even_where_all_may_go([Values(1, 2, 3)] int endpoints)
    {
        await Run(Options(endpoints) with { Health = new() { Passive = new() { MaxEjected = 1 } } });
        for (var number = 1; number <= endpoints; number++)
        {
            await Fail(Endpoint(number), 100);
        }

        Assert.That(Available(), Is.EqualTo(new[] { endpoints }));
    }

    [Test]
    public async Task Is_over_for_all_when_nobody_else_is_healthy()
    {
        await Run(Probed(2));
        await Fail(Endpoint(1), 5);
        Connections.Refuse(Members.Address(2));
        await Advance(15);

        Assert.That(Endpoint(1).Health.IsEjected, Is.True);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public async Task Does_not_come_from_what_clients_do()
    {
        await Run(Options(3));
        await Fail(Endpoint(1), 1_000, new Fault(FaultSide.Client, FaultKind.Reset));
        await Fail(Endpoint(1), 1_000, new Fault(FaultSide.Internal, FaultKind.OutOfResources));

        Assert.That((Available().Length, Transitions.Count), Is.EqualTo((3, 0)));
    }

    [Test]
    public async Task Is_not_spoken_of_more_than_once_a_window_while_it_is_refused()
    {
        await Run(Options(1));
        await Fail(Endpoint(1), 10_000);
        Assert.That(Transitions, Has.Count.EqualTo(1));

        await Advance(31);
        await Fail(Endpoint(1), 10_000);
        Assert.That(Transitions, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Is_off_where_the_file_says_so()
    {
        await Run(Options(3) with { Health = new HealthOptions { Passive = null } });
        await Fail(Endpoint(1), 1_000);

        Assert.That(Available(), Has.Length.EqualTo(3));
    }

    [Test]
    public async Task Gives_way_to_a_backup()
    {
        await Run(Options(0) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(1) }, new() { Address = Members.Address(2), Backup = true }),
        });
        await Fail(Endpoint(1), 5);

        Assert.That(Leased(3), Is.All.EqualTo(2));
    }

    [Test]
    public async Task Ends_no_open_lease()
    {
        await Run(Options(2));
        var lease = Endpoint(1).Lease();
        await Fail(Endpoint(1), 5);
        Assert.That((Available(), Endpoint(1).Load.Active), Is.EqualTo((new[] { 2 }, 1)));

        lease.Return(Fault.None);
        Assert.That(Endpoint(1).Load.Active, Is.Zero);
    }
}
