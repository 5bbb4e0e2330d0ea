using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Every kind of address on either side: IPv4, IPv6 and Unix sockets.</summary>
internal sealed class AddressScenarios
{
    private const string Unix = "unix";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Open() => _folder = new TemporaryFolder();

    [TearDown]
    public void Close() => _folder.Dispose();

    [Test]
    public async Task Bytes_and_both_ends_pass_from_any_kind_of_address_to_any(
        [Values("127.0.0.1", "::1", Unix)] string client, [Values("127.0.0.1", "::1", Unix)] string endpoint)
    {
        using var echo = new EchoEndpoint('a', Address(endpoint, "endpoint.sock"));
        await using var daemon = await DaemonHarness.StartAsync(With(client, echo));
        var address = client == Unix ? Address(Unix, "listener.sock") : await daemon.AddressOfAsync("all");
        for (var connection = 0; connection < 3; connection++)
        {
            var (socket, name) = BalancingScenarios.Open(address);
            Assert.That(name, Is.EqualTo('a'));
            var sent = Loopback.Pattern(20_000);
            socket.Send(sent);
            socket.Shutdown(SocketShutdown.Send);
            Assert.That(socket.ReceiveToEnd(), Is.EqualTo(sent));
            socket.Dispose();
        }

        var status = await daemon.StatusAsync();
        Assert.That(
            status.GetProperty("upstreams")[0].GetProperty("endpoints")[0].GetProperty("address").GetString(),
            Is.EqualTo(AddressText.Print(echo.Address)));
    }

    [Test]
    public async Task An_endpoint_that_is_not_there_is_passed_over_whatever_its_kind()
    {
        using var echo = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync(
            With("127.0.0.1", echo, more: $", {{address: \"[::1]:1\", weight: 100}}, {{address: \"unix:{_folder["nobody.sock"]}\", weight: 100}}"));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));
    }

    [Test]
    public async Task An_IPv6_client_is_looked_up_in_the_lists_and_counted()
    {
        using var echo = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync(With("::1", echo, "allow_ips: \"::1\", max_connections_per_client: 1, connection_rate: 9/h"));
        var address = await daemon.AddressOfAsync("all");
        var (open, name) = BalancingScenarios.Open(address);
        Assert.That(name, Is.EqualTo('a'));
        using (var second = Loopback.Connect(address))
        {
            Assert.That(second.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }

        await daemon.ReloadAsync(With("::1", echo, "allow_ips: [\"2001:db8::/32\", 0.0.0.0/0]"));
        using (var third = Loopback.Connect(address))
        {
            Assert.That(third.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }

        open.Dispose();
    }

    [Test]
    public async Task Clients_of_a_Unix_socket_pass_the_lists_and_are_not_counted()
    {
        using var echo = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync(With(
            Unix, echo, "allow_ips: 192.0.2.1, deny_ips: 10.0.0.0/8, max_connections_per_client: 1, connection_rate: 1/h"));
        var open = Enumerable.Range(0, 3).Select(_ => BalancingScenarios.Open(Address(Unix, "listener.sock"))).ToList();
        Assert.That(open.Select(client => client.Name), Is.All.EqualTo('a'));
        open.ForEach(client => client.Socket.Dispose());
    }

    private string With(string client, EchoEndpoint echo, string keys = "", string more = "") =>
        $"listeners:\n  all: {{bind: \"{AddressText.Print(Address(client, "listener.sock"))}\", tcp: {{upstream: all}}{(keys.Length > 0 ? ", " : "")}{keys}}}\n"
        + $"upstreams:\n  all: {{endpoints: [{{address: \"{AddressText.Print(echo.Address)}\"}}{more}]}}\n";

    private EndPoint Address(string kind, string file) =>
        kind == Unix ? new UnixDomainSocketEndPoint(_folder[file]) : new IPEndPoint(IPAddress.Parse(kind), 0);
}
