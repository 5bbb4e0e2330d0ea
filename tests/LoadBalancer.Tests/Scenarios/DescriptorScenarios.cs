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

    [Test]
    public async Task Two_listeners_together_leave_each_client_a_descriptor_for_its_other_half_and_the_operator_his()
    {
        // Its clients are accepted, and need a connection to an endpoint only with their first byte.
        var lazy = Loopback.Refusing();
        using var lb = await LbProcess.StartAsync(
            _endpoint.Address, program => $"ulimit -n 460; exec {program}", tcp: true, loops: "2",
            more: $$""", lazy: {bind: "{{lazy}}", tcp: {sni: {a.example: all}, otherwise: all}, timeouts: {preamble: 1m} }""");
        var possible = (await lb.StatusAsync()).GetProperty("listeners")[0].GetProperty("max_connections").GetInt32();
        Assert.That(possible, Is.InRange(50, 150));
        var open = Enumerable.Range(0, possible - 5).Select(_ => Loopback.Connect(lazy)).ToList();
        await lb.UntilAsync(status => Active(status) == open.Count, "all that are silent are accepted");

        var waiting = Enumerable.Range(0, 20).Select(_ => Loopback.Connect(lb.Address)).ToList();
        await lb.UntilAsync(status => Active(status) >= possible, "the bound is reached");
        open.ForEach(client => client.Send([7]));
        foreach (var client in open)
        {
            Assert.That(client.ReceiveExactly(2), Is.EqualTo("a\a"u8.ToArray()), $"each finds an endpoint; {lb.Condition}");
        }

        // Two loops look at the same time.
        Assert.That(Active(await lb.FreshStatusAsync()), Is.InRange(possible, possible + 1), "the operator comes in, and sees no more than fit");
        open.ForEach(client => client.Dispose());
        foreach (var client in waiting)
        {
            Assert.That(client.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()), "who waited is served when others have left");
            client.Dispose();
        }

        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("allows fewer connections than the listeners' max_connections together; raise LimitNOFILE max_connections=40000 possible="));
        Assert.That(errors, Does.Contain("all listeners together have as many connections as the limit of open files allows"));
        Assert.That(errors, Does.Not.Contain("out_of_resources"));
    }

    [Test]
    public async Task The_operator_comes_in_while_clients_wait_for_a_descriptor_and_a_higher_limit_holds_at_once()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address, tcp: true, loops: "1");
        using var first = Open(lb.Address).Socket;
        await lb.FreshStatusAsync();
        await lb.LimitDescriptorsAsync(more: 40);
        Assert.That((await lb.FreshStatusAsync()).GetProperty("listeners")[0].GetProperty("max_connections").GetInt32(), Is.EqualTo(1));
        using var waiting = Loopback.Connect(lb.Address);
        Assert.That(IsServed(waiting, lb), Is.False);
        await lb.LimitDescriptorsAsync(more: 1000);
        Assert.That(waiting.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        Assert.That((await lb.FreshStatusAsync()).GetProperty("listeners")[0].GetProperty("max_connections").GetInt32(), Is.GreaterThan(300));
    }

    private static int Active(System.Text.Json.JsonElement status) => status.GetProperty("listeners").EnumerateArray().Sum(listener => listener.GetProperty("active_connections").GetInt32());

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
