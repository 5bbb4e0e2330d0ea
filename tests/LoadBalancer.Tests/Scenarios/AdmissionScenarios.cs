using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Who may connect, how often and how fast, end to end. Clients are the many addresses of the loopback network.</summary>
internal sealed class AdmissionScenarios
{
    private EchoEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new EchoEndpoint('a');

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task Lists_of_addresses_decide_who_connects_and_a_reload_changes_them_for_those_that_come_after()
    {
        await using var daemon = await DaemonHarness.StartAsync(With("allow_ips: [127.0.0.0/29], deny_ips: 127.0.0.3"));
        var address = await daemon.AddressOfAsync("all");
        using var open = Connect(address, "127.0.0.2");
        Served(open);
        Refused(Connect(address, "127.0.0.3"));
        Refused(Connect(address, "127.0.0.9"));
        await RejectedAsync(daemon, "address_denied", 2);
        Assert.That(_endpoint.Served, Is.LessThan(2), "who was refused has reached the endpoint");

        await daemon.ReloadAsync(With("allow_ips: [127.0.0.9]"));
        Refused(Connect(address, "127.0.0.2"));
        using var other = Connect(address, "127.0.0.9");
        Served(other);
        Echoes(open);
    }

    [Test]
    public async Task A_client_has_no_more_connections_than_its_bound_over_all_loops_and_reloads()
    {
        await using var daemon = await DaemonHarness.StartAsync(With("max_connections_per_client: 3"));
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 3).Select(_ => Connect(address, "127.0.0.2")).ToList();
        open.ForEach(Served);
        for (var more = 0; more < 5; more++)
        {
            Refused(Connect(address, "127.0.0.2"));
        }

        using (var other = Connect(address, "127.0.0.3"))
        {
            Served(other);
        }

        await daemon.ReloadAsync(With("max_connections_per_client: 4"));
        open.Add(Connect(address, "127.0.0.2"));
        Served(open[3]);
        Refused(Connect(address, "127.0.0.2"));
        await RejectedAsync(daemon, "too_many_connections", 6);
        open.ForEach(Echoes);

        // Whatever way they end, by FIN or RST, before and after the reload: every place comes back.
        open[0].Abort();
        open[3].Abort();
        open.ForEach(socket => socket.Dispose());
        await daemon.UntilAsync(status => Listener(status).GetProperty("active_connections").GetInt64() == 0, "every connection has ended");
        open = [.. Enumerable.Range(0, 4).Select(_ => Connect(address, "127.0.0.2"))];
        open.ForEach(Served);
        open.ForEach(socket => socket.Dispose());
    }

    [Test]
    public async Task A_client_connects_no_faster_than_its_rate_and_a_reload_that_keeps_it_does_not_forget()
    {
        await using var daemon = await DaemonHarness.StartAsync(With("connection_rate: 4/h"));
        var address = await daemon.AddressOfAsync("all");
        for (var connection = 0; connection < 4; connection++)
        {
            using var socket = Connect(address, "127.0.0.2");
            Served(socket);
        }

        Refused(Connect(address, "127.0.0.2"));
        await daemon.ReloadAsync(With("connection_rate: 4/h, deny_ips: 127.0.0.7"));
        Refused(Connect(address, "127.0.0.2"));
        await RejectedAsync(daemon, "connection_rate_exceeded", 2);
        using var other = Connect(address, "127.0.0.3");
        Served(other);

        // Of another rate, what was used counts as far as it goes.
        await daemon.ReloadAsync(With("connection_rate: {rate: 1/h, burst: 6}"));
        using var again = Connect(address, "127.0.0.2");
        Served(again);
        using var last = Connect(address, "127.0.0.2");
        Served(last);
        Refused(Connect(address, "127.0.0.2"));
    }

    private string With(string keys) =>
        $"listeners:\n  all: {{bind: \"127.0.0.1:0\", tcp: {{upstream: all}}, {keys}}}\nupstreams:\n  all: {{endpoints: [\"{_endpoint.Address}\"]}}\n";

    private static Socket Connect(EndPoint address, string from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = Loopback.TimeoutMs,
            SendTimeout = Loopback.TimeoutMs,
            NoDelay = true,
        };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(address);
        return socket;
    }

    private static void Served(Socket socket) => Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo((byte)'a'));

    private static void Echoes(Socket socket)
    {
        socket.Send([7]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7));
    }

    private static void Refused(Socket socket)
    {
        using (socket)
        {
            Assert.That(socket.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }
    }

    // Counted after the reset that the client sees.
    private static Task RejectedAsync(DaemonHarness daemon, string reason, int count) => daemon.UntilAsync(
        status => Listener(status).GetProperty("rejected").GetProperty(reason).GetInt64() == count, $"{count} connections are refused for {reason}");

    private static JsonElement Listener(JsonElement status) => status.GetProperty("listeners")[0];
}
