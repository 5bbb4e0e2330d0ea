using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The PROXY protocol end to end: accepted from trusted peers, sent to endpoints.</summary>
internal sealed class ProxyProtocolScenarios
{
    private const string V1 = "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n";

    /// <summary>PROXY over IPv4 from 192.0.2.7:51234, with the TLVs 0xEA (3 bytes) and ALPN (h2).</summary>
    private static readonly byte[] V2 = Convert.FromHexString("0D0A0D0A000D0A515549540A" + "21110017" + "C0000207C6336401C82201BB" + "EA0003010203" + "0100026832");

    private Socket _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = Loopback.Listen();

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task Trap_49_a_header_of_a_trusted_peer_tells_who_the_client_is([Values("v1", "v2")] string version)
    {
        await using var daemon = await StartAsync("127.0.0.0/8", sends: "v1");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        client.Send([.. version == "v1" ? Encoding.ASCII.GetBytes(V1) : V2, .. "hello"u8]);
        using var served = Accept();
        Assert.That(Encoding.ASCII.GetString(served.ReceiveExactly(V1.Length + 5)), Is.EqualTo(V1 + "hello"));
    }

    [Test]
    public async Task Trap_49_anyone_else_is_closed_header_or_not([Values(V1, "hello", "")] string sent)
    {
        await using var daemon = await StartAsync("10.0.0.0/8");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        await RefusedAsync(daemon, client, Encoding.ASCII.GetBytes(sent), "untrusted_proxy");
    }

    [Test]
    public async Task Trap_49_a_trusted_peer_without_a_header_is_closed()
    {
        await using var daemon = await StartAsync("127.0.0.0/8");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        await RefusedAsync(daemon, client, "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "proxy_header_missing");
    }

    [Test]
    public async Task Trap_49_a_partial_header_that_is_slow_is_closed_in_time([Values(0, 5, 20)] int sent)
    {
        await using var daemon = await StartAsync("127.0.0.0/8", timeouts: "timeouts: {preamble: 100ms}");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        await RefusedAsync(daemon, client, Encoding.ASCII.GetBytes(V1)[..sent], "preamble_timeout");
    }

    [Test]
    public async Task Trap_49_a_header_that_breaks_the_rules_is_closed()
    {
        await using var daemon = await StartAsync("127.0.0.0/8");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        await RefusedAsync(daemon, client, "PROXY TCP4 192.0.2.256 198.51.100.1 51234 443\r\n"u8.ToArray(), "proxy_header_invalid");
    }

    [Test]
    public async Task A_header_in_pieces_of_one_byte_is_read()
    {
        await using var daemon = await StartAsync("127.0.0.0/8", sends: "v2");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        foreach (var one in V2)
        {
            client.Send([one]);
        }

        client.Send("hello"u8);
        using var served = Accept();
        Assert.That(served.ReceiveExactly(V2.Length), Is.EqualTo(V2), "the header is passed on with its TLVs");
        Assert.That(served.ReceiveExactly(5), Is.EqualTo("hello"u8.ToArray()));
    }

    [TestCase("PROXY UNKNOWN\r\n")]
    [TestCase("\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0", Description = "v2 LOCAL")]
    public async Task A_header_that_tells_no_client_keeps_the_peer(string header)
    {
        await using var daemon = await StartAsync("127.0.0.0/8", sends: "v1");
        var address = await daemon.AddressOfAsync("all");
        using var client = Loopback.Connect(address);
        client.Send(Encoding.Latin1.GetBytes(header));
        using var served = Accept();
        var expected = $"PROXY TCP4 127.0.0.1 127.0.0.1 {((IPEndPoint)client.LocalEndPoint!).Port} {((IPEndPoint)address).Port}\r\n";
        Assert.That(Encoding.ASCII.GetString(served.ReceiveExactly(expected.Length)), Is.EqualTo(expected));
    }

    [Test]
    public async Task The_policies_after_it_see_the_client_and_not_the_proxy()
    {
        await using var daemon = await StartAsync("127.0.0.0/8", timeouts: "deny_ips: 192.0.2.0/24");
        var address = await daemon.AddressOfAsync("all");
        using (var denied = Loopback.Connect(address))
        {
            denied.Send(Encoding.ASCII.GetBytes(V1));
            Assert.That(denied.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }

        using var allowed = Loopback.Connect(address);
        allowed.Send("PROXY TCP4 203.0.113.9 198.51.100.1 51234 443\r\nhello"u8);
        using var served = Accept();
        Assert.That(served.ReceiveExactly(5), Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task A_daemon_survives_PROXY_headers_of_any_kind()
    {
        await using var daemon = await StartAsync("127.0.0.0/8");
        var address = await daemon.AddressOfAsync("all");
        var random = new Random(1);
        const int Clients = 400;
        for (var each = 0; each < Clients; each++)
        {
            var bytes = random.Next(2) == 0 ? Encoding.ASCII.GetBytes(V1) : (byte[])V2.Clone();

            // Never whole: its end is missing.
            bytes = bytes[..random.Next(bytes.Length)];
            for (var change = bytes.Length == 0 ? 0 : random.Next(0, 4); change > 0; change--)
            {
                var at = random.Next(bytes.Length);
                bytes[at] = at is 14 or 15 ? bytes[at] : (byte)random.Next(256);
            }

            using var client = Loopback.Connect(address);
            try
            {
                client.Send(bytes);
                client.Shutdown(SocketShutdown.Send);
                client.ReceiveToEnd();
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
            {
                // What was refused.
            }
        }

        await daemon.UntilAsync(
            status => status.GetProperty("listeners")[0].GetProperty("active_connections").GetInt64() == 0
                && Rejected(status, "proxy_header_missing") + Rejected(status, "proxy_header_invalid") == Clients,
            "each is counted with its reason");
        using var whole = Loopback.Connect(address);
        whole.Send([.. V2, .. "hello"u8]);
        using var served = Accept();
        Assert.That(served.ReceiveExactly(5), Is.EqualTo("hello"u8.ToArray()));
    }

    [TestCase("v1", "PROXY UNKNOWN\r\n")]
    [TestCase("v2", "\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0")]
    public async Task A_probe_says_that_it_is_nobodys_client(string version, string header)
    {
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {all: {bind: "127.0.0.1:0", tcp: all} }
            upstreams:
              all: {endpoints: "{{_endpoint.LocalEndPoint}}", send_proxy_protocol: {{version}}, health: {active: {type: tcp, interval: 100ms} } }
            """);
        using var probe = Accept();
        Assert.That(Encoding.Latin1.GetString(probe.ReceiveToEnd()), Is.EqualTo(header));
    }

    private static long Rejected(JsonElement status, string reason) => PassthroughScenarios.Rejected(status, reason);

    private static async Task RefusedAsync(DaemonHarness daemon, Socket client, byte[] sent, string reason)
    {
        // The reset may come before the last byte was sent.
        var error = Assert.Throws<SocketException>(() =>
        {
            client.Send(sent);
            client.ReceiveToEnd();
        });
        Assert.That(error!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset).Or.EqualTo(SocketError.Shutdown));
        await daemon.UntilAsync(status => Rejected(status, reason) == 1, "the refusal is counted");
    }

    private Task<DaemonHarness> StartAsync(string trusted, string sends = "none", string timeouts = "timeouts: {preamble: 1m}") => DaemonHarness.StartAsync($$"""
        listeners:
          all:
            bind: "127.0.0.1:0"
            tcp: all
            accept_proxy_protocol: [{{trusted}}]
            {{timeouts}}
        upstreams:
          all: {endpoints: "{{_endpoint.LocalEndPoint}}", send_proxy_protocol: {{sends}}}
        """);

    private Socket Accept()
    {
        var served = _endpoint.Accept();
        served.ReceiveTimeout = Loopback.TimeoutMs;
        return served;
    }
}
