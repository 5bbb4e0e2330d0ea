using System.Net;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The old process of an upgrade, while it has connections (ADR 0014).</summary>
internal sealed class UpgradeDrainScenarios
{
    /// <summary>What open connections keep of the old process is seen in the new one; and where that one fails, nobody is waited for.</summary>
    [Test]
    public async Task An_old_process_is_seen_while_it_drains_and_ends_at_once_where_the_new_one_fails()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var tcp = Loopback.Refusing();
        lb.Write($$"""
            listeners: {echo: {bind: "{{tcp}}", tcp: {upstream: echo} } }
            upstreams: {echo: {endpoints: ["{{echo.Address}}"]} }
            shutdown: {drain: 10m}
            """);
        await lb.StartAsync();
        var first = lb.ProcessId;
        var (one, _) = Open(tcp);
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK));
        var second = lb.ProcessId;
        await lb.UntilAsync("lb_upgrade_draining_processes 1\n", "lb_upgrade_draining_connections 1\n");
        var (two, _) = Open(tcp);
        var (status, third, error) = await lb.UpgradeAsync();
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), error);
        await lb.UntilAsync("lb_upgrade_draining_processes 2\n", "lb_upgrade_draining_connections 2\n", "lb_upgrades_total{result=\"done\"} 2\n");
        one.Dispose();
        await lb.UntilAsync("lb_upgrade_draining_processes 1\n", "lb_upgrade_draining_connections 1\n");
        Assert.That(() => UpgradableLb.HasEnded(first), Is.True.After(30_000, 20));

        UpgradableLb.Signal(third, "KILL");
        Assert.That(() => UpgradableLb.HasEnded(second), Is.True.After(60_000, 20), "it has a connection, and ten minutes for it");
        two.Dispose();
    }

    /// <summary>The old process has the connections that an operator's deadline is about, and keeps it.</summary>
    [Test]
    public async Task The_deadline_of_a_drain_goes_on_in_the_old_process()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var (drained, kept) = (Loopback.Refusing(), Loopback.Refusing());
        lb.Write($$"""
            listeners: {drained: {bind: "{{drained}}", tcp: {upstream: drained} }, kept: {bind: "{{kept}}", tcp: {upstream: kept} } }
            upstreams: {drained: {endpoints: ["{{echo.Address}}"]}, kept: {endpoints: ["{{echo.Address}}"]} }
            shutdown: {drain: 10m}
            """);
        await lb.StartAsync();
        var first = lb.ProcessId;
        var ends = Open(drained).Socket;
        var stays = Open(kept).Socket;
        Assert.That((await lb.PostAsync("/drain?upstream=drained&within=5s")).Status, Is.EqualTo(HttpStatusCode.OK));
        var (status, _, error) = await lb.UpgradeAsync();
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), error);
        Assert.That(ends.ReceiveToEnd(), Is.Empty);
        await lb.UntilAsync("lb_upgrade_draining_processes 1\n", "lb_upgrade_draining_connections 1\n");
        Assert.That((await lb.StatusAsync()).GetProperty("drained").GetArrayLength(), Is.EqualTo(1));
        stays.Send([7]);
        Assert.That(stays.ReceiveExactly(1)[0], Is.EqualTo(7));
        stays.Dispose();
        Assert.That(() => UpgradableLb.HasEnded(first), Is.True.After(30_000, 20));
        ends.Dispose();
    }
}
