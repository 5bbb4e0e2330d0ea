using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Discovery.Dns;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Discovery.Dns;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Endpoints that are looked up, end to end: one port of two loopback addresses, and a name server of the test's own.</summary>
internal sealed class DiscoveryScenarios
{
    private EchoEndpoint _a = null!;
    private EchoEndpoint _b = null!;
    private FakeNameServer _dns = null!;

    [SetUp]
    public void Listen()
    {
        _a = new EchoEndpoint('a');
        _b = new EchoEndpoint('b', new IPEndPoint(IPAddress.Parse("127.0.0.2"), Port));
        _dns = new FakeNameServer();
    }

    [TearDown]
    public void Close()
    {
        _a.Dispose();
        _b.Dispose();
        _dns.Dispose();
    }

    private int Port => ((IPEndPoint)_a.Address).Port;

    [Test]
    public async Task Every_address_of_a_name_is_an_endpoint_beside_those_of_the_file()
    {
        using var c = new EchoEndpoint('c');
        _dns.Serve("orders.internal", ttl: 60, "127.0.0.1", "127.0.0.2");
        await using var daemon = await DaemonHarness.StartAsync(Config(more: $", endpoints: \"{c.Address}\""));
        await daemon.UntilAsync(status => Upstream(status).GetProperty("endpoints").GetArrayLength() == 3, "the name is looked up");

        Assert.That((await ConnectAsync(daemon, "all", 30)).GroupBy(name => name).Select(names => (names.Key, names.Count())), Is.EquivalentTo(new[] { ('a', 10), ('b', 10), ('c', 10) }));
        var discovery = Upstream(await daemon.StatusAsync()).GetProperty("discovery");
        Assert.That((discovery.GetProperty("source").GetString(), discovery.GetProperty("endpoints").GetInt32()), Is.EqualTo(($"dns orders.internal.:{Port}", 2)));
    }

    [Test]
    public async Task Of_an_answer_with_more_than_a_thousand_addresses_a_thousand_are_endpoints_and_the_status_says_so()
    {
        _dns.Truncates = true;
        _dns.Serve("orders.internal", ttl: 60, [.. Enumerable.Range(0, 1500).Select(number => $"127.0.{number / 250}.{(number % 250) + 1}")]);
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Upstream(status).GetProperty("endpoints").GetArrayLength() > 0, "the name is looked up");

        var upstream = Upstream(await daemon.StatusAsync());
        var discovery = upstream.GetProperty("discovery");
        Assert.That(
            (upstream.GetProperty("endpoints").GetArrayLength(), discovery.GetProperty("endpoints").GetInt32(), discovery.GetProperty("left_out").GetInt32()),
            Is.EqualTo((1000, 1000, 500)));

        // All but two refuse, and a client is connected a few times at most: one after the other comes to them all the same.
        var names = new HashSet<char>();
        for (var clients = 0; names.Count < 2 && clients < 1000; clients++)
        {
            try
            {
                names.UnionWith(await ConnectAsync(daemon, "all", 1));
            }
            catch (SocketException)
            {
                // Each that it was connected to refused.
            }
        }

        Assert.That(names, Is.EquivalentTo("ab"));
    }

    [Test]
    public async Task A_record_that_flips_under_load_costs_no_connection()
    {
        var flips = 0;
        _dns.Answer((name, type) => type == DnsType.A ? new DnsMessages().Address(name, Interlocked.Increment(ref flips) % 2 == 0 ? "127.0.0.1" : "127.0.0.2", ttl: 0) : new DnsMessages());
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Upstream(status).GetProperty("endpoints").GetArrayLength() == 1, "the name is looked up");
        var address = await daemon.AddressOfAsync("all");
        using var done = new CancellationTokenSource();
        var load = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var served = new HashSet<char>();
                while (!done.IsCancellationRequested)
                {
                    var (socket, name) = Open(address);
                    served.Add(name);
                    socket.Dispose();
                }

                return served;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        await daemon.UntilAsync(status => Lookups(status, "found") >= 20, "twenty flips");
        await done.CancelAsync();

        Assert.That((await Task.WhenAll(load)).SelectMany(served => served).Distinct(), Is.EquivalentTo(new[] { 'a', 'b' }));
        var rejected = (await daemon.StatusAsync()).GetProperty("listeners")[0].GetProperty("rejected").EnumerateObject().Sum(reason => reason.Value.GetInt64());
        Assert.That(rejected, Is.Zero);
    }

    [Test]
    public async Task Connections_to_an_address_that_is_gone_go_on()
    {
        _dns.Serve("orders.internal", ttl: 0, "127.0.0.1");
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Knows(status, "127.0.0.1"), "the name is looked up");
        var (open, name) = Open(await daemon.AddressOfAsync("all"));
        using var _ = open;
        Assert.That(name, Is.EqualTo('a'));

        _dns.Serve("orders.internal", ttl: 0, "127.0.0.2");
        await daemon.UntilAsync(status => Knows(status, "127.0.0.2") && !Knows(status, "127.0.0.1"), "the change is followed");
        Assert.That(await ConnectAsync(daemon, "all", 10), Is.All.EqualTo('b'));
        open.Send([42]);
        Assert.That(open.ReceiveExactly(1)[0], Is.EqualTo(42));
    }

    [Test]
    public async Task A_start_without_DNS_recovers_when_there_is_one()
    {
        _dns.Fail(DnsResponseCode.ServFail);
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Lookups(status, "failed") > 0, "a lookup fails");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(Upstream(await daemon.StatusAsync()).GetProperty("discovery").GetProperty("last_error").GetString(), Does.Contain("answered SERVFAIL"));

        _dns.Serve("orders.internal", ttl: 60, "127.0.0.1");
        await daemon.UntilAsync(status => Knows(status, "127.0.0.1"), "it recovers");
        Assert.That(await ConnectAsync(daemon, "all", 3), Is.All.EqualTo('a'));
    }

    [Test]
    public async Task An_outage_of_DNS_changes_nothing_and_no_reload_does_while_it_lasts()
    {
        _dns.Serve("orders.internal", ttl: 0, "127.0.0.1");
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Knows(status, "127.0.0.1"), "the name is looked up");
        _dns.Fail(DnsResponseCode.ServFail);
        await daemon.UntilAsync(status => Lookups(status, "failed") > 0, "a lookup fails");
        _dns.Fail(DnsResponseCode.NxDomain);
        await daemon.UntilAsync(status => Lookups(status, "empty") > 0, "the name is gone");
        Assert.That(await ConnectAsync(daemon, "all", 3), Is.All.EqualTo('a'));

        var status = await daemon.ReloadAsync(Config(more: ", balance: least_connections"));
        Assert.That((Knows(status, "127.0.0.1"), Upstream(status).GetProperty("balance").GetString()), Is.EqualTo((true, "least_connections")));
        status = await daemon.ReloadAsync(Config(name: "renamed.internal."));
        Assert.That((Knows(status, "127.0.0.1"), Lookups(status, "found")), Is.EqualTo((true, 0)), "another name has no answer yet");
        Assert.That(await ConnectAsync(daemon, "all", 3), Is.All.EqualTo('a'));
    }

    [Test]
    public async Task A_refused_configuration_looks_nothing_up()
    {
        using var taken = Loopback.Listen();
        _dns.Serve("orders.internal", ttl: 0, "127.0.0.1");
        await using var daemon = await DaemonHarness.StartAsync(Config());
        await daemon.UntilAsync(status => Knows(status, "127.0.0.1"), "the name is looked up");
        await daemon.ReloadAsync(Config(name: "other.internal.").Replace("127.0.0.1:0", taken.LocalEndPoint!.ToString()!, StringComparison.Ordinal));

        var before = Lookups(await daemon.StatusAsync(), "found");
        await daemon.UntilAsync(status => Lookups(status, "found") > before + 3, "the one that runs goes on");
        Assert.That(_dns.Asked, Has.None.Contains("other.internal"));
    }

    private string Config(string name = "orders.internal.", string more = "") => $$"""
        listeners: {{Listener("all")}}
        upstreams:
          all: {discover: {dns: "{{name}}:{{Port}}", resolver: "{{_dns.Address}}", min_interval: 100ms}{{more}}}
        """;

    private static JsonElement Upstream(JsonElement status) => status.GetProperty("upstreams")[0];

    private static long Lookups(JsonElement status, string outcome) =>
        Upstream(status).GetProperty("discovery").GetProperty("lookups").GetProperty(outcome).GetInt64();

    private bool Knows(JsonElement status, string address) =>
        Upstream(status).GetProperty("endpoints").EnumerateArray().Any(endpoint => endpoint.GetProperty("address").GetString() == $"{address}:{Port}");
}
