using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>The ramp of endpoints that become available, seen in who gets the picks. Endpoint 1 is the one that comes back.</summary>
internal sealed class SlowStartTests : UpstreamFixture
{
    private const double Length = 90;

    [Test]
    public async Task Begins_with_a_tenth_and_gains_a_tenth_at_every_ninth_of_the_time()
    {
        await Run(Slow(Options(2)));
        await ComeBack();
        var shares = new List<int>();
        for (var step = 0; step < 10; step++)
        {
            shares.Add(OfFirst(picks: 10 * (step + 11)));
            await Advance(Length / 9);
        }

        // Against a whole one: 1 of 11, 2 of 12, ... 10 of 20.
        Assert.That(shares, Is.EqualTo(Enumerable.Range(1, 10).Select(step => 10 * step)));
        Assert.That(OfFirst(picks: 200), Is.EqualTo(100));
    }

    [Test]
    public async Task Is_not_for_the_endpoints_with_which_an_upstream_begins()
    {
        await Run(Slow(Options(2)));

        Assert.That(OfFirst(picks: 100), Is.EqualTo(50));
    }

    [Test]
    public async Task Is_off_unless_the_file_asks_for_it()
    {
        await Run(Options(2));
        await ComeBack();

        Assert.That(OfFirst(picks: 100), Is.EqualTo(50));
    }

    [Test]
    public async Task Begins_when_probes_pass_again()
    {
        await Run(Slow(Probed(2)));
        Connections.Refuse(Members.Address(1));
        await Advance(20);
        Assert.That(Available(), Is.EqualTo(new[] { 2 }));

        Connections.Accept(Members.Address(1));
        await Advance(10);
        Assert.That(OfFirst(picks: 110), Is.EqualTo(10));
    }

    [Test]
    public async Task Begins_when_an_ejection_is_over()
    {
        await Run(Slow(Options(2)));
        await Fail(Endpoint(1), 5);
        await Advance(30);

        Assert.That(OfFirst(picks: 110), Is.EqualTo(10));
    }

    [Test]
    public async Task Begins_for_an_endpoint_that_a_reload_adds_and_goes_on_through_another()
    {
        await Run(Slow(Options(1)));
        await Advance(1_000);
        await Run(Slow(Options(2)));
        Assert.That(Picks(2, 110), Is.EqualTo(10), "the new one is the second");

        await Advance(Length / 3);
        await Run(Slow(Options(2)) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(7) } });
        Assert.That(Picks(2, 140), Is.EqualTo(40));
    }

    [Test]
    public async Task Shows_a_new_endpoint_no_full_share_before_the_upstream_runs()
    {
        await Run(Slow(Options(1)));
        var next = new Upstream("orders", Slow(Options(2)), Running, Context);

        Assert.That(next.View.Available.Select(member => member.Weight), Is.EqualTo(new[] { 10, 1 }));
    }

    [Test]
    public async Task Holds_a_fresh_endpoint_to_its_part_of_the_open_connections_under_least_connections()
    {
        await Run(Slow(Options(2)) with { Balance = "least_connections" });
        Running.Drain(Id);
        await Running.SettleAsync();
        LeaseAndKeep(100);
        Running.Enable(Id);
        await Running.SettleAsync();

        LeaseAndKeep(50);
        Assert.That(Endpoint(1).Load.Active, Is.EqualTo(13).Within(1), "a tenth of what the other has, and not all 50");

        await Advance(Length);
        LeaseAndKeep(150);
        Assert.That(Endpoint(1).Load.Active, Is.EqualTo(150).Within(1));
    }

    [Test]
    public async Task Shows_in_what_random_choices_draw()
    {
        await Run(Slow(Options(4)) with { Balance = "random_two" });
        await ComeBack();

        Assert.That(OfFirst(picks: 3_100), Is.EqualTo(100).Within(60), "1 of 31 parts, where a quarter would be 775");
    }

    [Test]
    public async Task Moves_no_key_of_the_hash_balancer()
    {
        await Run(Slow(Options(2)) with { Balance = "hash" });
        var before = Running.View.Available;
        await ComeBack();

        Assert.That(Running.View.Available, Is.EqualTo(before));
    }

    [Test]
    public async Task Is_no_matter_in_panic()
    {
        await Run(Slow(Probed(2)));
        Connections.Refuse(Members.Address(1));
        Connections.Refuse(Members.Address(2));
        await Advance(30);
        Connections.Accept(Members.Address(1));
        Assert.That(Running.View.Panic, Is.Not.Null);

        Assert.That(Running.View.Available.Select(member => member.Weight), Is.EqualTo(new[] { 1, 1 }));
    }

    [Test]
    public async Task Weighs_shares_of_the_file()
    {
        await Run(Slow(Options(0)) with
        {
            Endpoints = Endpoints(new() { Address = Members.Address(1), Weight = 5 }, new() { Address = Members.Address(2), Weight = 3 }),
        });
        await ComeBack();

        Assert.That(OfFirst(picks: 350), Is.EqualTo(50), "5 tenths to 3 wholes");
    }

    [Test]
    public async Task Leaves_no_timer_behind()
    {
        await Run(Slow(Options(2)));
        await ComeBack();
        await Running.DisposeAsync();

        Assert.That(Time.ActiveTimers, Is.Zero);
    }

    private static EndpointId Id { get; } = new("orders", Members.Address(1));

    private static UpstreamOptions Slow(UpstreamOptions options) => options with { SlowStart = TimeSpan.FromSeconds(Length) };

    private async Task ComeBack()
    {
        await Advance(1_000);
        Running.Drain(Id);
        await Running.SettleAsync();
        Running.Enable(Id);
        await Running.SettleAsync();
    }

    private int OfFirst(int picks) => Picks(1, picks);

    private int Picks(int number, int picks) => Leased(picks).Count(leased => leased == number);

    private void LeaseAndKeep(int times)
    {
        for (var lease = 0; lease < times; lease++)
        {
            Assert.That(Running.Lease(new PickContext(0), out _), Is.True);
        }
    }
}
