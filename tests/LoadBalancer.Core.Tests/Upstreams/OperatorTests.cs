using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>What an operator says of an endpoint: <see cref="Upstream.Drain"/>, <see cref="Upstream.Enable"/> and <see cref="Upstream.Weigh"/>.</summary>
internal sealed class OperatorTests : UpstreamFixture
{
    [Test]
    public async Task Drains_an_endpoint_so_that_it_gets_nothing_new_and_keeps_what_it_has()
    {
        await Run(Options(2));
        var lease = Endpoint(1).Lease();

        Assert.That(Running.Drain(Id(1)), Is.True);
        await Running.SettleAsync();

        Assert.That(Leased(6), Is.All.EqualTo(2));
        Assert.That(Endpoint(1).Load.Active, Is.EqualTo(1));
        lease.Return(Fault.None);
        Assert.That(Endpoint(1).Load.Active, Is.Zero);
    }

    [Test]
    public async Task Enables_it_again_and_tells_of_both_once()
    {
        await Run(Options(2));
        Running.Drain(Id(1));
        Running.Drain(Id(1));
        await Running.SettleAsync();
        Running.Enable(Id(1));
        Running.Enable(Id(1));
        await Running.SettleAsync();

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Transitions, Is.EqualTo(new[] { "10.0.0.1:80 Drained", "10.0.0.1:80 Enabled" }));
    }

    [Test]
    public async Task Knows_only_its_own_endpoints()
    {
        await Run(Options(2));

        Assert.That((Running.Drain(Id(3)), Running.Enable(new EndpointId("users", Members.Address(1)))), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task Stays_drained_through_reloads_and_good_probes()
    {
        await Run(Probed(2));
        Running.Drain(Id(1));
        for (var reload = 0; reload < 5; reload++)
        {
            await Run(Probed(2) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(1 + reload) } });
            await Advance(10);
            Assert.That(Available(), Is.EqualTo(new[] { 2 }));
        }

        Running.Enable(Id(1));
        await Running.SettleAsync();
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task Acts_on_the_upstream_that_runs_when_asked_of_one_that_was_replaced()
    {
        var replaced = await Run(Options(2));
        await Run(Options(3));

        Assert.That((replaced.Drain(Id(3)), replaced.Drain(Id(1))), Is.EqualTo((true, true)));
        await Running.SettleAsync();
        Assert.That(Available(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task The_deadline_of_a_drain_outlives_reloads_and_ends_with_the_drain()
    {
        await Run(Options(2));
        var endpoint = Endpoint(1);
        Running.Drain(Id(1));
        await Running.SettleAsync();
        var deadline = new Withdrawal([endpoint], Time.GetUtcNow() + TimeSpan.FromSeconds(30));
        await Run(Options(2) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(1) } });
        Assert.That((deadline.Holds(endpoint), endpoint.IsWithdrawn, endpoint.IsGone), Is.EqualTo((true, true, false)));

        // A reload takes it away too, and has it again.
        var ofReload = new Withdrawal([endpoint]);
        await Run(Options(2));
        Assert.That((deadline.Holds(endpoint), ofReload.Holds(endpoint)), Is.EqualTo((true, false)));

        var later = new Withdrawal([endpoint], Time.GetUtcNow() + TimeSpan.FromSeconds(60));
        Assert.That((deadline.IsOver, later.Holds(endpoint)), Is.EqualTo((true, true)), "the last one counts");
        later.Close();
        Assert.That(endpoint.IsGone, Is.True);
        Running.Enable(Id(1));
        Assert.That((later.IsOver, endpoint.IsWithdrawn, endpoint.IsGone), Is.EqualTo((true, false, false)));
    }

    [Test]
    public async Task An_endpoint_that_is_enabled_at_the_same_moment_gets_no_deadline()
    {
        await Run(Options(2));
        Running.Drain(Id(1));
        Running.Enable(Id(1));
        Assert.That(new Withdrawal([Endpoint(1)], Time.GetUtcNow()).IsOver, Is.True);
    }

    [Test]
    public async Task Leaves_nobody_where_all_are_drained()
    {
        await Run(Options(2));
        Running.Drain(Id(1));
        Running.Drain(Id(2));
        await Running.SettleAsync();

        Assert.That(Available(), Is.Empty);
    }

    [Test]
    public async Task Weighs_an_endpoint_until_it_is_told_that_the_file_counts_again_whatever_that_says_meanwhile()
    {
        var replaced = await Run(Options(2));
        Assert.That(Running.Weigh(Id(1), 3), Is.True);
        await Running.SettleAsync();
        Assert.That(Leased(8).Count(number => number == 1), Is.EqualTo(6));

        await Run(Options(3));
        Assert.That(Weights(), Is.EqualTo(new[] { 3, 1, 1 }));
        replaced.Weigh(Id(3), 0);
        await Running.SettleAsync();
        Assert.That(Weights(), Is.EqualTo(new[] { 3, 1, 0 }));
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));

        Running.Weigh(Id(1), null);
        Running.Weigh(Id(3), null);
        await Running.SettleAsync();
        Assert.That(Weights(), Is.EqualTo(new[] { 1, 1, 1 }));

        int[] Weights() => [.. Running.View.All.Select(member => member.Weight)];
    }

    private static EndpointId Id(int number) => new("orders", Members.Address(number));
}
