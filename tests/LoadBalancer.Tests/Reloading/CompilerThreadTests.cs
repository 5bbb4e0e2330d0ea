using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.Tests.Scenarios;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>In a process of its own, whose compiler is nobody else's.</summary>
internal sealed class CompilerThreadTests
{
    [Test]
    public async Task A_reload_makes_it_less_urgent_and_a_start_does_not()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["lb.yaml"], $$"""
            listeners: {web: {bind: "127.0.0.1:0", http: {routes: [{respond: {status: 204} }]} } }
            admin: {bind: "unix:{{folder["admin.sock"]}}"}
            state: {dir: off}
            """);
        await using var lb = await RunningLb.StartAsync(folder, folder["lb.yaml"]);
        using var admin = AdminClient.Over(folder["admin.sock"]);
        Assert.That(LessUrgent, Is.Empty.After(Loopback.TimeoutMs, 20), "what has read the file has ended");

        // It ends where nothing happens for 4 s, and the next reload starts another.
        await Assert.ThatAsync(ReloadedAsync, Is.EqualTo([CompilerThread.Name]).After(Loopback.TimeoutMs, 20));

        async Task<IEnumerable<string>> ReloadedAsync()
        {
            using var answer = await admin.PostAsync(new Uri("/reload", UriKind.Relative), content: null);
            Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            return LessUrgent();
        }

        IEnumerable<string> LessUrgent() => KernelThread.LessUrgent(lb.ProcessId).Select(thread => thread.Name).Except([".NET BGC"]);
    }
}
