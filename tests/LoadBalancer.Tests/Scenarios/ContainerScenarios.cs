using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What the program does with less than a machine: the limits that a container brings.</summary>
internal sealed class ContainerScenarios
{
    [TestCase("taskset -c 0 {0}", 1)]
    [TestCase("env DOTNET_PROCESSOR_COUNT=3 {0}", 3)]
    public async Task Has_a_loop_for_each_processor_that_it_may_use(string command, int loops)
    {
        // A CPU quota of a cgroup arrives as the runtime's count of processors too, but only root can make one.
        using var endpoint = new EchoEndpoint('a');
        using var lb = await LbProcess.StartAsync(endpoint.Address, program => $"exec {string.Format(System.Globalization.CultureInfo.InvariantCulture, command, program)}");
        var (exitCode, errors) = await lb.StopAsync();

        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain($" loops={loops} "));
    }

    [Test]
    public async Task Serves_hundreds_of_open_connections_within_a_heap_of_32_MiB()
    {
        using var endpoint = new EchoEndpoint('a');
        using var lb = await LbProcess.StartAsync(endpoint.Address, program => $"DOTNET_GCHeapHardLimit=0x2000000 exec {program}");
        var open = new List<Socket>();
        for (var connection = 0; connection < 300; connection++)
        {
            open.Add(Loopback.Connect(lb.Address));
        }

        foreach (var socket in open)
        {
            socket.Send(Loopback.Pattern(1000));
        }

        foreach (var socket in open)
        {
            Assert.That((char)socket.ReceiveExactly(1)[0], Is.EqualTo('a'));
            Assert.That(socket.ReceiveExactly(1000), Is.EqualTo(Loopback.Pattern(1000)));
            socket.Dispose();
        }

        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Not.Contain("OutOfMemory").And.Not.Contain("an error of lb itself"));
    }

    [Test]
    public async Task A_full_disk_costs_lines_of_the_log_and_no_connection()
    {
        using var endpoint = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync(
            $"listeners:\n  all: {{bind: \"127.0.0.1:0\", tcp: {{upstream: all}}}}\nupstreams:\n  all: {{endpoints: [\"{endpoint.Address}\"]}}\n",
            "transport: {loops: 1}\nreload: {watch: false}\nshutdown: {unready_for: 0s, drain: 1s}\n");
        await File.WriteAllTextAsync(daemon.ConfigPath, (await File.ReadAllTextAsync(daemon.ConfigPath)).Replace("access: off", "access: /dev/full", StringComparison.Ordinal));
        daemon.Orders.OrderReload();
        await daemon.ReloadedAsync();

        // More than the ring of the one loop has room for.
        var names = await BalancingScenarios.ConnectAsync(daemon, "all", 5000);
        await daemon.UntilAsync(status => status.GetProperty("listeners")[0].GetProperty("active_connections").GetInt32() == 0, "all have ended");

        Assert.That(names, Has.Count.EqualTo(5000).And.All.EqualTo('a'));
        var (_, page) = await daemon.GetAsync("/metrics");
        var dropped = page.Split('\n').Single(line => line.StartsWith("lb_access_log_dropped_lines_total ", StringComparison.Ordinal));
        var taken = page.Split('\n').Single(line => line.StartsWith("lb_access_log_lines_total ", StringComparison.Ordinal));
        Assert.That(int.Parse(dropped.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), Is.Positive);
        Assert.That(int.Parse(dropped.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) + int.Parse(taken.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), Is.EqualTo(5000));
    }
}
