using System.Diagnostics;
using System.Net.Sockets;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A process that has as many descriptors open as it may.</summary>
internal sealed class DescriptorScenarios
{
    private EchoEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new EchoEndpoint('a');

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task When_none_is_left_it_pauses_says_so_once_idles_serves_on_and_resumes()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address);
        var (open, _) = Open(lb.Address);
        var (clock, before) = (Stopwatch.StartNew(), await lb.TurnsAsync());
        lb.LimitDescriptors(3);

        // Taken by the kernel, and not by the process.
        using var waiting = Loopback.Connect(lb.Address);
        Assert.That(waiting.Poll(2_000_000, SelectMode.SelectRead), Is.False, "served without a descriptor");
        open.Send([7]);
        Assert.That(open.ReceiveExactly(1)[0], Is.EqualTo(7), "what is open is served on");
        lb.LimitDescriptors(1000);
        Assert.That(waiting.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()), "accepting goes on");

        // Turns and not processor time, of which a busy machine gives a busy loop little.
        Assert.That((await lb.TurnsAsync() - before) / clock.Elapsed.TotalSeconds, Is.LessThan(500), "turns a second of all loops while it waits for a descriptor");
        open.Dispose();
        waiting.Dispose();

        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors.Split('\n').Count(line => line.Contains("accepting pauses", StringComparison.Ordinal)), Is.InRange(1, Environment.ProcessorCount), errors);
        Assert.That(errors, Does.Contain("raise LimitNOFILE"));
    }
}
