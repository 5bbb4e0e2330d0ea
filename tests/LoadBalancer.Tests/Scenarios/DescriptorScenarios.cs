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
        using var lb = await LbProcess.StartAsync(_endpoint.Address, loops: "2");
        var open = new List<Socket> { Open(lb.Address).Socket };
        await lb.TurnsAsync();      // and what that needs has been loaded
        await lb.LimitDescriptorsAsync(more: 40);
        var (clock, before) = (Stopwatch.StartNew(), await lb.TurnsAsync());

        // Each loop takes one more before it knows, and numbers between those that are open may be free.
        Socket waiting;
        while (IsServed(waiting = Loopback.Connect(lb.Address), lb))
        {
            open.Add(waiting);
            Assert.That(open, Has.Count.LessThan(30), $"served without a descriptor; {lb.Condition}");
        }

        open[0].Send([7]);
        Assert.That(open[0].ReceiveExactly(1)[0], Is.EqualTo(7), "what is open is served on");
        await lb.LimitDescriptorsAsync(more: 500);
        Assert.That(waiting.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()), "accepting goes on");

        // Turns and not processor time, of which a busy machine gives a busy loop little.
        Assert.That((await lb.TurnsAsync() - before) / clock.Elapsed.TotalSeconds, Is.LessThan(500), "turns a second of all loops while it waits for a descriptor");
        open.ForEach(socket => socket.Dispose());
        waiting.Dispose();

        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors.Split('\n').Count(line => line.Contains("accepting pauses", StringComparison.Ordinal)), Is.InRange(1, 2), errors);
        Assert.That(errors, Does.Contain("raise LimitNOFILE"));
    }

    /// <summary>True where the endpoint's first byte arrives, false where for two seconds, which are many tries to accept, nothing does.</summary>
    private static bool IsServed(Socket client, LbProcess lb)
    {
        if (!client.Poll(2_000_000, SelectMode.SelectRead))
        {
            return false;
        }

        var first = new byte[1];
        Assert.That(client.Receive(first), Is.EqualTo(1), $"closed without a byte; {lb.Condition}");
        return true;
    }
}
