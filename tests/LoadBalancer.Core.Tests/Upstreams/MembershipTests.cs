using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>What comes of the sets that discovery finds.</summary>
internal sealed class MembershipTests : UpstreamFixture
{
    private ScriptedDiscovery _discovery = null!;

    [SetUp]
    public void SetUpDiscovery() => _discovery = new ScriptedDiscovery();

    [Test]
    public async Task Has_nobody_before_discovery_has_found_somebody()
    {
        await Discover(Options(0));
        Assert.That(Running.Lease(new PickContext(0), out _), Is.False);

        await Find(1, 2);
        Assert.That(Leased(4).Order(), Is.EqualTo(new[] { 1, 1, 2, 2 }));
        Assert.That(Transitions, Is.EqualTo(new[] { "10.0.0.1:80 Added", "10.0.0.2:80 Added" }));
    }

    [Test]
    public async Task Finds_an_address_drained_again_that_an_operator_has_drained()
    {
        Context = Context with { IsDrained = id => id == new EndpointId("orders", Members.Address(2)) };
        await Discover(Options(0));
        await Find(1, 2);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }));

        await Find(1);
        await Find(1, 2);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }), "found again");

        Running.Enable(new EndpointId("orders", Members.Address(2)));
        await Running.SettleAsync();
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task Keeps_the_endpoint_of_an_address_that_stays()
    {
        await Discover(Options(0));
        await Find(1, 2);
        var stays = Endpoint(2);
        var lease = stays.Lease();
        await Find(2, 3);

        Assert.That(Endpoint(2), Is.SameAs(stays));
        Assert.That((stays.Load.Active, Available()), Is.EqualTo((1, new[] { 2, 3 })));
        lease.Return(Fault.None);
        Assert.That(Transitions.Skip(2), Is.EqualTo(new[] { "10.0.0.1:80 Removed", "10.0.0.3:80 Added" }));
    }

    [Test]
    public async Task Gives_nothing_new_to_an_address_that_is_gone_while_what_it_has_goes_on()
    {
        await Discover(Options(0));
        await Find(1, 2);
        var gone = Endpoint(1);
        var lease = gone.Lease();
        await Find(2);

        Assert.That(Leased(10), Is.All.EqualTo(2));
        Assert.That(gone.Load.Active, Is.EqualTo(1));
        lease.Return(Refused);
        Assert.That((gone.Load.Active, Available()), Is.EqualTo((0, new[] { 2 })));
    }

    [Test]
    public async Task Gives_an_address_that_comes_back_its_open_connections_again()
    {
        await Discover(Options(0));
        await Find(1, 2);
        var flipping = Endpoint(1);
        var lease = flipping.Lease();
        await Find(2);
        await Discover(Options(0) with { Balance = "hash" });
        await Find(1, 2);

        Assert.That(Endpoint(1), Is.SameAs(flipping));
        lease.Return(Fault.None);
        await Find(2);
        await Find(1, 2);
        Assert.That(Endpoint(1), Is.Not.SameAs(flipping), "without connections it is forgotten");
    }

    [Test]
    public async Task Leaves_an_endpoint_drained_that_comes_back()
    {
        await Discover(Options(0));
        await Find(1, 2);
        Running.Drain(Endpoint(1).Id);
        await Find(2);
        await Find(1, 2);

        Assert.That(Available(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task Leaves_an_endpoint_its_weight_that_comes_back_or_was_given_one_while_it_was_away()
    {
        Context = Context with { AssignedWeight = id => id == new EndpointId("orders", Members.Address(3)) ? 7 : id == new EndpointId("orders", Members.Address(1)) ? 5 : null };
        await Discover(Options(0));
        await Find(1, 2);
        Running.Weigh(Endpoint(2).Id, 0);
        await Find(1);
        await Find(1, 2, 3);

        Assert.That(Running.View.All.Select(member => member.Weight), Is.EqualTo(new[] { 5, 1, 7 }), "the context forgot the second, and it remembers more than the endpoint");
    }

    [Test]
    public async Task Takes_the_files_own_line_where_both_name_an_address()
    {
        await Discover(Options(0) with { Endpoints = Endpoints(new EndpointOptions { Address = Members.Address(2), Weight = 7 }) });
        await Find(1, 2);
        Assert.That(Running.View.All.Select(member => (Number(member.Endpoint), member.Weight)), Is.EqualTo(new[] { (2, 7), (1, 1) }));

        await Find(1);
        Assert.That(Available(), Is.EqualTo(new[] { 2, 1 }), "discovery takes nothing away that the file lists");
    }

    [Test]
    public async Task Probes_those_that_come_and_no_longer_those_that_go()
    {
        await Discover(Probed(0));
        await Find(1);
        Connections.Refuse(Members.Address(2));
        await Find(1, 2);
        await Advance(1);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }), "the new one is probed at once");

        await Find(2);
        var before = Connections.Attempts;
        await Advance(10);
        Assert.That(Connections.Attempts, Is.EqualTo(before + 2));
    }

    [Test]
    public async Task Watches_the_traffic_of_those_that_come()
    {
        await Discover(Options(0));
        await Find(1);
        await Find(1, 2, 3);
        await Fail(Endpoint(3), 5);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));

        var gone = Endpoint(2);
        await Find(1, 3);
        await Fail(gone, 10);
        Assert.That(Available(), Is.EqualTo(new[] { 1 }), "the ejection goes on, and nobody watches who is gone");
        await Advance(31);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3 }));
    }

    [Test]
    public async Task Is_not_emptied_by_a_reload_before_discovery_has_answered_again()
    {
        await Discover(Options(0));
        await Find(1, 2);
        var endpoint = Endpoint(1);
        _discovery = new ScriptedDiscovery();
        await Discover(Options(0) with { Balance = "least_connections" });
        Assert.That((Available(), Endpoint(1)), Is.EqualTo((new[] { 1, 2 }, endpoint)));

        await Find(2);
        Assert.That(Available(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task Has_also_whom_the_one_before_found_while_it_was_being_built()
    {
        await Discover(Options(0));
        await Find(1);
        var next = new Upstream("orders", Options(0) with { Balance = "hash" }, new ScriptedDiscovery(), Running, Context);
        await Find(1, 2);
        var found = Endpoint(2);
        await StartAsync(next);

        Assert.That((Available(), Endpoint(2)), Is.EqualTo((new[] { 1, 2 }, found)));
    }

    [Test]
    public async Task Forgets_the_discovered_when_discovery_is_turned_off()
    {
        await Discover(Options(1));
        await Find(2);
        await Run(Options(1));

        Assert.That((Available(), _discovery.Watches), Is.EqualTo((new[] { 1 }, 0)));
    }

    [Test]
    public void Keeps_its_discovery_in_a_reload_that_leaves_that_as_it_is()
    {
        var options = Options(0) with { Discover = new DiscoverOptions { Dns = new NameWithPort("orders.internal", 80) } };
        var before = new Upstream("orders", options, previous: null, Context);
        Assert.Multiple(() =>
        {
            Assert.That(new Upstream("orders", options with { Balance = "hash" }, before, Context).Discovery, Is.SameAs(before.Discovery));
            Assert.That(new Upstream("orders", options with { Discover = options.Discover with { Weight = 2 } }, before, Context).Discovery, Is.Not.SameAs(before.Discovery));
            Assert.That(new Upstream("orders", Options(1), before, Context).Discovery, Is.Null);
        });
    }

    [Test]
    public async Task Watches_only_while_it_runs()
    {
        var discarded = new Upstream("orders", Options(0), _discovery, previous: null, Context);
        await discarded.DisposeAsync();
        Assert.That(_discovery.Watches, Is.Zero, "a configuration that was never published");

        await Discover(Options(0));
        Assert.That(_discovery.Watches, Is.EqualTo(1));
        await Running.DisposeAsync();
        Assert.That(_discovery.Watches, Is.Zero);
    }

    [Test]
    public async Task Goes_on_with_the_last_set_when_a_discovery_breaks()
    {
        var bugs = 0;
        Context = Context with { OnBug = _ => bugs++ };
        await Discover(Options(0));
        await Find(1);
        _discovery.Break();
        await Running.SettleAsync();

        Assert.That((Available(), bugs), Is.EqualTo((new[] { 1 }, 1)));
    }

    private Task<Upstream> Discover(UpstreamOptions options) => StartAsync(new Upstream("orders", options, _discovery, Running, Context));

    private async Task Find(params int[] numbers)
    {
        _discovery.Find(numbers);
        await Running.SettleAsync();
    }
}
