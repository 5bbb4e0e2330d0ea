using LoadBalancer.Endpoints;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>An upstream that does not believe its probes.</summary>
internal sealed class PanicTests : UpstreamFixture
{
    [Test]
    public async Task Goes_on_serving_while_all_probes_fail_and_says_so_on_entering_and_leaving()
    {
        await Run(Probed(3));
        Refuse(1, 2, 3);
        await Advance(20);

        Assert.That(Leased(6), Is.EquivalentTo(new[] { 1, 1, 2, 2, 3, 3 }));
        Assert.That(Running.View.Panic, Is.EqualTo("none of 3 endpoints is healthy: all are used"));

        Connections.Accept(Members.Address(1));
        Connections.Accept(Members.Address(2));
        await Advance(20);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Running.View.Panic, Is.Null);
        Assert.That(Panics.First(), Does.StartWith("panics: "));
        Assert.That(Panics.Last(), Is.EqualTo("calm: enough endpoints are healthy"));
        Assert.That(Panics, Has.Count.EqualTo(2), "each once, however the number of the healthy changes in between");
    }

    [Test]
    public async Task Is_not_told_again_by_a_reload()
    {
        Refuse(1, 2);
        await Run(Probed(2));
        await Advance(2);
        Assert.That(Panics, Has.Count.EqualTo(1));

        await Run(Probed(2) with { Timeouts = new() { Connect = TimeSpan.FromSeconds(7) } });
        await Advance(20);
        Assert.That(Panics, Has.Count.EqualTo(1));

        await Run(WithoutPanic(Probed(2)));
        Assert.That(Available(), Is.Empty);
        Assert.That(Panics, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Leaves_the_traffic_to_backups_while_one_of_them_is_healthy()
    {
        await Run(Probed(0) with
        {
            Endpoints = Endpoints(
                new() { Address = Members.Address(1) }, new() { Address = Members.Address(2) }, new() { Address = Members.Address(3), Backup = true }),
        });
        Refuse(1, 2);
        await Advance(20);
        Assert.That((Leased(4), Running.View.Panic), Is.EqualTo((new[] { 3, 3, 3, 3 }, (string?)null)));

        Refuse(3);
        await Advance(20);
        Assert.That(Leased(4), Is.EquivalentTo(new[] { 1, 1, 2, 2 }), "primaries before backups, now that all are the same");
        Assert.That(Panics, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Uses_no_endpoint_that_an_operator_drained()
    {
        Refuse(1, 2, 3);
        await Run(Probed(3));
        await Advance(2);
        Running.Drain(new EndpointId("orders", Members.Address(2)));
        await Running.SettleAsync();

        Assert.That(Available(), Is.EqualTo(new[] { 1, 3 }));
        Assert.That(Running.View.Panic, Is.Not.Null);
    }

    private void Refuse(params int[] numbers)
    {
        foreach (var number in numbers)
        {
            Connections.Refuse(Members.Address(number));
        }
    }
}
