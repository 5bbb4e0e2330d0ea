using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Which endpoint a connection reaches, end to end.</summary>
internal sealed class BalancingScenarios
{
    [Test]
    public async Task Round_robin_follows_the_weights()
    {
        using var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all: {Endpoints($"address: \"{a.Address}\", weight: 3", $"address: \"{b.Address}\"")}
            """);
        var names = await ConnectAsync(daemon, "all", 40);
        Assert.That((names.Count(name => name == 'a'), names.Count(name => name == 'b')), Is.EqualTo((30, 10)));
    }

    [Test]
    public async Task Least_connections_prefers_the_endpoint_with_fewer_open()
    {
        using var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all: {Balanced("least_connections", $"address: \"{a.Address}\"", $"address: \"{b.Address}\"")}
            """);
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 20).Select(_ => Open(address)).ToList();
        Assert.That((open.Count(each => each.Name == 'a'), open.Count(each => each.Name == 'b')), Is.EqualTo((10, 10)));

        // Half of them end, all at one endpoint: it gets the next ones.
        open.Where(each => each.Name == 'a').ToList().ForEach(each => each.Socket.Dispose());
        await daemon.UntilAsync(status => Endpoint(status, a.Address).GetProperty("active_connections").GetInt32() == 0, "the leases are returned");
        var next = Enumerable.Range(0, 10).Select(_ => Open(address)).ToList();
        Assert.That(next.Select(each => each.Name), Is.All.EqualTo('a'));
        open.Concat(next).ToList().ForEach(each => each.Socket.Dispose());
    }

    [Test]
    public async Task Hash_keeps_a_client_at_its_endpoint_and_spreads_the_clients()
    {
        using var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all: {Balanced("hash", $"address: \"{a.Address}\"", $"address: \"{b.Address}\"")}
            """);
        var address = await daemon.AddressOfAsync("all");
        var byClient = Enumerable.Range(2, 40).ToDictionary(last => last, last => Enumerable.Range(0, 3).Select(_ => NameFor(IPAddress.Parse($"127.0.0.{last}"))).ToList());
        Assert.That(byClient.Values.Select(names => names.Distinct().Count()), Is.All.EqualTo(1), "a client that moved");
        Assert.That(byClient.Values.Select(names => names[0]).Distinct(), Is.EquivalentTo(new[] { 'a', 'b' }));

        char NameFor(IPAddress client)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Loopback.TimeoutMs };
            socket.Bind(new IPEndPoint(client, 0));
            socket.Connect(address);
            return (char)socket.ReceiveExactly(1)[0];
        }
    }

    [Test]
    public async Task A_backup_serves_only_while_no_other_can()
    {
        var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all: {Endpoints($"address: \"{a.Address}\"", $"address: \"{b.Address}\", backup: true")}
            """);
        Assert.That(await ConnectAsync(daemon, "all", 10), Is.All.EqualTo('a'));
        a.Dispose();
        Assert.That(await ConnectAsync(daemon, "all", 10), Is.All.EqualTo('b'));
    }

    [Test]
    public async Task An_endpoint_that_refuses_costs_no_connection()
    {
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all: {Endpoints($"address: \"{Loopback.Refusing()}\"", $"address: \"{b.Address}\"")}
            """);
        Assert.That(await ConnectAsync(daemon, "all", 20), Is.All.EqualTo('b'));
    }

    [Test]
    public async Task An_endpoint_that_does_not_answer_is_given_up_at_the_connect_timeout()
    {
        using var silent = new LoadBalancer.Tests.FullBacklog();
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams:
              all:
                endpoints: ["{silent.Address}", "{b.Address}"]
                timeouts: {"{connect: 200ms}"}
            """);
        Assert.That(await ConnectAsync(daemon, "all", 4), Is.All.EqualTo('b'));
        Assert.That(Endpoint(await daemon.StatusAsync(), silent.Address).GetProperty("faults").GetProperty("connect_timeout").GetInt32(), Is.Positive);
    }

    [Test]
    public async Task With_no_endpoint_left_the_client_is_reset_and_it_is_counted_and_the_log_names_one_that_was_tried()
    {
        using var folder = new TemporaryFolder();
        var (one, other) = (Loopback.Refusing(), Loopback.Refusing());
        await using var daemon = await DaemonHarness.StartAsync(
            $"""
            listeners: {Listener("all")}
            upstreams:
              all: {Endpoints($"address: \"{one}\"", $"address: \"{other}\"")}
            """,
            log: $"{{level: error, access: {folder["access.json"]}}}");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        await daemon.UntilAsync(
            status => status.GetProperty("listeners")[0].GetProperty("rejected").GetProperty("connect_refused").GetInt32() == 1, "the refusal is counted");
        Assert.That(() => File.ReadAllText(folder["access.json"]), Does.Match($"\"endpoint\":\"({one}|{other})\",\"attempts\":2,\"connect_ms\":null,").After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task Probes_take_a_dead_endpoint_out_and_bring_it_back()
    {
        var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams:
              all:
                endpoints: ["{{a.Address}}", "{{b.Address}}"]
                health: {active: {type: tcp, interval: 100ms, healthy_after: 2, unhealthy_after: 2}, passive: off}
            """);
        a.Dispose();
        await daemon.UntilAsync(status => Endpoint(status, a.Address).GetProperty("state").GetString() == "unhealthy", "the probe fails");
        Assert.That(await ConnectAsync(daemon, "all", 6), Is.All.EqualTo('b'));
        using var again = new EchoEndpoint('a', a.Address);
        await daemon.UntilAsync(status => Endpoint(status, a.Address).GetProperty("state").GetString() == "available", "the probe passes");
        Assert.That((await ConnectAsync(daemon, "all", 6)).Count(name => name == 'a'), Is.EqualTo(3));
    }

    [Test]
    public async Task At_max_connections_the_next_one_waits_until_one_has_ended()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners:
              all: {bind: "127.0.0.1:0", tcp: {upstream: all}, max_connections: 3}
            upstreams:
              all: {{Endpoints($"address: \"{a.Address}\"")}}
            """, process: "transport: {loops: 1}\n");
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 3).Select(_ => Open(address)).ToList();
        using var waiting = Loopback.Connect(address);
        Assert.That(waiting.Poll(300_000, SelectMode.SelectRead), Is.False, "served beyond the bound");
        open[0].Socket.Dispose();
        Assert.That(waiting.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        open.ForEach(each => each.Socket.Dispose());
    }

    [Test]
    public async Task At_the_cap_of_an_endpoint_the_oldest_waits_first_in_line_and_the_last_too_long()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams:
              all: {endpoints: ["{{a.Address}}"], max_connections: 2, pending_timeout: 2s}
            """);
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 2).Select(_ => Open(address)).ToList();
        using var first = Loopback.Connect(address);
        await PendingAsync(daemon, 1);
        using var second = Loopback.Connect(address);
        await PendingAsync(daemon, 2);
        Assert.That(Endpoint(await daemon.StatusAsync(), a.Address).GetProperty("active_connections").GetInt32(), Is.EqualTo(2));

        open[0].Socket.Dispose();
        Assert.That(first.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        Assert.That(second.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset), "nobody made room for it in time");
        await daemon.UntilAsync(
            status => Upstream(status).GetProperty("pending").GetInt32() == 0 && Upstream(status).GetProperty("pending_timeouts").GetInt32() == 1
                && status.GetProperty("listeners")[0].GetProperty("rejected").GetProperty("pending_timeout").GetInt32() == 1,
            "the timeout is counted");
        open[1].Socket.Dispose();
    }

    [Test]
    public async Task Whoever_is_gone_waits_no_more_and_a_full_queue_refuses()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams:
              all: {endpoints: ["{{a.Address}}"], max_connections: 1, max_pending: 1, pending_timeout: 1m}
            """);
        var address = await daemon.AddressOfAsync("all");
        var open = Open(address);
        var gone = Loopback.Connect(address);
        await PendingAsync(daemon, 1);
        using var refused = Loopback.Connect(address);
        Assert.That(refused.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));

        gone.LingerState = new LingerOption(true, 0);
        gone.Dispose();
        await PendingAsync(daemon, 0);
        using var next = Loopback.Connect(address);
        await PendingAsync(daemon, 1);
        open.Socket.Dispose();
        Assert.That(next.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        Assert.That(Upstream(await daemon.StatusAsync()).GetProperty("pending_overflows").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task Those_who_wait_are_served_after_a_reload_that_makes_room()
    {
        using var a = new EchoEndpoint('a');
        var file = $$"""
            listeners: {{Listener("all")}}
            upstreams:
              all: {endpoints: ["{{a.Address}}"], max_connections: 1, pending_timeout: 1m}
            """;
        await using var daemon = await DaemonHarness.StartAsync(file);
        var open = Open(await daemon.AddressOfAsync("all"));
        using var waiting = Loopback.Connect(await daemon.AddressOfAsync("all"));
        await PendingAsync(daemon, 1);

        await daemon.ReloadAsync(file.Replace("max_connections: 1", "max_connections: 2", StringComparison.Ordinal));
        Assert.That(waiting.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        open.Socket.Dispose();
    }

    [Test]
    public async Task In_panic_an_endpoint_whose_probes_fail_is_used_and_the_operator_sees_it()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams:
              all:
                endpoints: ["{{Loopback.Refusing()}}", "{{a.Address}}", "{{Loopback.Refusing()}}"]
                health: {active: {type: tcp, interval: 100ms, unhealthy_after: 1}, passive: off}
            """);
        await daemon.UntilAsync(status => Upstream(status).TryGetProperty("panic", out var panic) && panic.ValueKind == System.Text.Json.JsonValueKind.String, "two of three probes fail");
        Assert.That(Upstream(await daemon.StatusAsync()).GetProperty("endpoints").EnumerateArray().Select(each => each.GetProperty("available").GetBoolean()), Is.All.True);
        Assert.That(await ConnectAsync(daemon, "all", 6), Is.All.EqualTo('a'), "whoever refuses is tried, and then the next");
    }

    private static System.Text.Json.JsonElement Upstream(System.Text.Json.JsonElement status) => status.GetProperty("upstreams")[0];

    private static Task PendingAsync(DaemonHarness daemon, int count) =>
        daemon.UntilAsync(status => Upstream(status).GetProperty("pending").GetInt32() == count, $"{count} wait");

    internal static string Listener(string name) => $$$"""{{{{name}}}: {bind: "127.0.0.1:0", tcp: {upstream: {{{name}}} } } }""";

    internal static System.Text.Json.JsonElement Endpoint(System.Text.Json.JsonElement status, EndPoint address) =>
        status.GetProperty("upstreams").EnumerateArray().SelectMany(upstream => upstream.GetProperty("endpoints").EnumerateArray())
            .First(endpoint => endpoint.GetProperty("address").GetString() == address.ToString());

    internal static (Socket Socket, char Name) Open(EndPoint address)
    {
        var socket = Loopback.Connect(address);
        return (socket, (char)socket.ReceiveExactly(1)[0]);
    }

    internal static async Task<List<char>> ConnectAsync(DaemonHarness daemon, string listener, int count)
    {
        var address = await daemon.AddressOfAsync(listener);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var (socket, name) = Open(address);
            socket.Dispose();
            return name;
        })];
    }

    private static string Endpoints(params string[] endpoints) => Balanced("round_robin", endpoints);

    private static string Balanced(string balance, params string[] endpoints) =>
        $"{{balance: {balance}, endpoints: [{string.Join(", ", endpoints.Select(endpoint => $"{{{endpoint}}}"))}]}}";
}
