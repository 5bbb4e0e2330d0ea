using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Quotas across what happens to a process.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class QuotaScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task A_quota_goes_on_after_a_restart_and_with_another_number_after_a_reload()
    {
        using var folder = new TemporaryFolder();
        string More(int quota) => $"plans: {{pro: {{quota: {quota}/month}}}}\nstate: {{dir: {folder["state"]}}}\n";
        await using (var first = await StartAsync(More(3)))
        {
            Assert.That((Status(first), Status(first)), Is.EqualTo((200, 200)));
        }

        await using var second = await StartAsync(More(3));
        Assert.That((Status(second), Status(second)), Is.EqualTo((200, 429)), "the third of three, and the fourth");
        var text = await File.ReadAllTextAsync(second.Gateway.Daemon.ConfigPath);
        await File.WriteAllTextAsync(second.Gateway.Daemon.ConfigPath, text.Replace("3/month", "4/month", StringComparison.Ordinal));
        second.Gateway.Daemon.Orders.OrderReload();
        await second.Gateway.Daemon.ReloadedAsync();
        Assert.That((Status(second), Status(second)), Is.EqualTo((200, 429)), "the fourth of four, and the fifth");
        LimitScenarios.IsProblem(second.Gateway.Get("/", CallerGateway.Bearer("alice")), 429, "quota_exceeded");
    }

    private static Task<CallerGateway> StartAsync(string more) => CallerGateway.StartAsync("{auth: web, upstream: up}", more);

    private static int Status(CallerGateway callers) => callers.Gateway.Get("/", CallerGateway.Bearer("alice")).Status;
}
