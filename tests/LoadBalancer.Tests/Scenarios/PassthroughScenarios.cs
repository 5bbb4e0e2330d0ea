using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>TLS passthrough by server name, end to end with TLS clients that are not ours.</summary>
internal sealed class PassthroughScenarios
{
    private TlsEndpoint _imap = null!;
    private TlsEndpoint _other = null!;

    [SetUp]
    public void StartEndpoints()
    {
        _imap = new TlsEndpoint("imap");
        _other = new TlsEndpoint("other");
    }

    [TearDown]
    public void StopEndpoints()
    {
        _imap.Dispose();
        _other.Dispose();
    }

    [TestCase("imap.example.com", "imap")]
    [TestCase("IMAP.EXAMPLE.COM", "imap")]
    [TestCase("a.example.org", "other")]
    [TestCase("a.b.example.org", "other")]
    public async Task A_client_reaches_the_endpoint_of_the_name_that_it_asks_for(string name, string greeting)
    {
        await using var daemon = await StartAsync();
        Assert.That(await GreetingAsync(await daemon.AddressOfAsync("mail"), name), Is.EqualTo(greeting));
    }

    [TestCase("-servername imap.example.com -tls1_3", "imap")]
    [TestCase("-servername imap.example.com -tls1_2", "imap")]
    [TestCase("-servername a.example.org", "other")]
    public async Task Openssl_gets_through(string arguments, string greeting)
    {
        await using var daemon = await StartAsync();
        Assert.That(await OpensslAsync(await daemon.AddressOfAsync("mail"), arguments), Does.Contain(greeting + "\n"));
    }

    [TestCase("-servername nobody.example")]
    [TestCase("-noservername")]
    public async Task Openssl_is_told_that_its_name_is_not_served(string arguments)
    {
        await using var daemon = await StartAsync();
        Assert.That(await OpensslAsync(await daemon.AddressOfAsync("mail"), arguments), Does.Contain("tlsv1 unrecognized name").IgnoreCase);
        await daemon.UntilAsync(status => Rejected(status, "no_route") == 1, "the refusal is counted");
    }

    [Test]
    public async Task Otherwise_serves_the_rest()
    {
        await using var daemon = await StartAsync("other");
        var address = await daemon.AddressOfAsync("mail");
        Assert.That(await GreetingAsync(address, "nobody.example"), Is.EqualTo("other"));
        Assert.That(await OpensslAsync(address, "-noservername"), Does.Contain("other\n"));
    }

    [Test]
    public async Task A_reload_moves_a_name_and_leaves_who_is_connected()
    {
        await using var daemon = await StartAsync();
        var address = await daemon.AddressOfAsync("mail");
        await using var open = await ConnectAsync(address, "imap.example.com");
        Assert.That(await ReadLineAsync(open), Is.EqualTo("imap"));
        await daemon.ReloadAsync(Config("close", imap: _other.Address));
        Assert.That(await GreetingAsync(address, "imap.example.com"), Is.EqualTo("other"));
        await open.WriteAsync("still here\n"u8.ToArray());
        Assert.That(await ReadLineAsync(open), Is.EqualTo("still here"));
    }

    [Test]
    public async Task A_daemon_survives_ClientHellos_of_any_kind()
    {
        await using var daemon = await StartAsync();
        var address = await daemon.AddressOfAsync("mail");
        var random = new Random(1);
        var hello = LoadBalancer.Tests.Connections.Sniffing.SampleHello.For("nobody.example");
        const int Clients = 400;
        for (var each = 0; each < Clients; each++)
        {
            var bytes = (byte[])hello.Clone();
            for (var change = random.Next(0, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var client = Loopback.Connect(address);
            var sent = random.Next(bytes.Length + 1);
            var cut = random.Next(sent + 1);
            try
            {
                client.Send(bytes.AsSpan(0, cut));
                client.Send(bytes.AsSpan(cut, sent - cut));
                client.Shutdown(SocketShutdown.Send);
                client.ReceiveToEnd();
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
            {
                // What was not served.
            }
        }

        await daemon.UntilAsync(
            status => status.GetProperty("listeners")[0] is var listener && listener.GetProperty("active_connections").GetInt64() == 0
                && Rejected(status, "no_route") + Rejected(status, "client_hello_missing") + Rejected(status, "client_hello_invalid") == Clients,
            "each is counted with its reason");
        Assert.That(await GreetingAsync(address, "imap.example.com"), Is.EqualTo("imap"));
    }

    internal static long Rejected(System.Text.Json.JsonElement status, string reason) =>
        status.GetProperty("listeners")[0].GetProperty("rejected").GetProperty(reason).GetInt64();

    private Task<DaemonHarness> StartAsync(string otherwise = "close") =>
        DaemonHarness.StartAsync(Config(otherwise, _imap.Address));

    private string Config(string otherwise, EndPoint imap) => $$"""
        listeners:
          mail:
            bind: "127.0.0.1:0"
            tcp: {sni: {imap.example.com: imap, "*.example.org": other}, otherwise: {{otherwise}}}
        upstreams:
          imap: {endpoints: "{{imap}}"}
          other: {endpoints: "{{_other.Address}}"}
        """;

    private static async Task<string> GreetingAsync(EndPoint address, string name)
    {
        await using var stream = await ConnectAsync(address, name);
        return await ReadLineAsync(stream);
    }

    private static async Task<SslStream> ConnectAsync(EndPoint address, string name)
    {
        var stream = new SslStream(new NetworkStream(Loopback.Connect(address), ownsSocket: true), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync(name).WaitAsync(TimeSpan.FromSeconds(30));
        return stream;
    }

    internal static async Task<string> ReadLineAsync(SslStream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one).AsTask().WaitAsync(TimeSpan.FromSeconds(30)) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString();
    }

    internal static async Task<string> OpensslAsync(EndPoint address, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", $"s_client -connect {address} {arguments}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();

        // It ends at "Q", which it has to get after the greeting came.
        var text = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
        {
            text.Append(line).Append('\n');
            if (line is "imap" or "other")
            {
                await process.StandardInput.WriteLineAsync("Q");
                await process.StandardInput.FlushAsync();
            }
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return text + await errors;
    }
}
