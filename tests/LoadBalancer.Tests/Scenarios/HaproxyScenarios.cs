using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>lb between two real haproxies: one in front that sends PROXY headers of version 2, and one behind that reads them.</summary>
internal sealed class HaproxyScenarios
{
    private TemporaryFolder _folder = null!;
    private Process? _haproxy;

    [SetUp]
    public void Prepare() => _folder = new TemporaryFolder();

    [TearDown]
    public void Stop()
    {
        _haproxy?.Kill();
        _haproxy?.WaitForExit();
        _haproxy?.Dispose();
        _folder.Dispose();
    }

    [TestCase("send-proxy-v2 proxy-v2-options unique-id", "v2", "id-of-127.0.0.5", Description = "the TLV arrives")]
    [TestCase("send-proxy-v2 proxy-v2-options unique-id,crc32c", "v2", "id-of-127.0.0.5", Description = "and haproxy checks the sum of the header that it reads")]
    [TestCase("send-proxy-v2", "v2", "")]
    [TestCase("send-proxy", "v1", "")]
    public async Task The_client_that_haproxy_tells_of_is_the_client_of_the_haproxy_behind(string sends, string passesOn, string id)
    {
        var (front, middle, behind) = (Loopback.Refusing(), Loopback.Refusing(), Loopback.Refusing());
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {all: {bind: "{{middle}}", tcp: all, accept_proxy_protocol: [127.0.0.1]} }
            upstreams: {all: {endpoints: "{{behind}}", send_proxy_protocol: {{passesOn}}} }
            """);
        Start($"""
            defaults
                timeout connect 10s
                timeout client 30s
                timeout server 30s

            frontend front
                mode tcp
                bind {front}
                unique-id-format id-of-%ci
                default_backend lb

            backend lb
                mode tcp
                server lb {middle} {sends}

            frontend behind
                mode http
                bind {behind} accept-proxy
                http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port] id=%[fc_pp_unique_id]"

            """);
        await UntilItListensAsync(behind);
        await UntilItListensAsync(front);

        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Loopback.TimeoutMs };
        client.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.5"), 0));
        await client.ConnectAsync(front);
        client.Send("GET / HTTP/1.0\r\n\r\n"u8);
        var answer = Encoding.ASCII.GetString(client.ReceiveToEnd());
        Assert.That(answer, Does.StartWith("HTTP/1.0 200").Or.StartWith("HTTP/1.1 200"));
        Assert.That(answer, Does.EndWith($"\r\n\r\n127.0.0.5 {((IPEndPoint)client.LocalEndPoint!).Port} {((IPEndPoint)front).Port} id={id}"));
    }

    private void Start(string config)
    {
        File.WriteAllText(_folder["haproxy.cfg"], config);
        try
        {
            _haproxy = Process.Start(new ProcessStartInfo("haproxy", ["-db", "-f", _folder["haproxy.cfg"]]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new InvalidOperationException("this test needs haproxy; `make test` installs it", error);
        }

        _ = _haproxy.StandardOutput.ReadToEndAsync();
    }

    private async Task UntilItListensAsync(EndPoint address)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(address);
                return;
            }
            catch (SocketException error)
            {
                if (_haproxy!.HasExited)
                {
                    Assert.Fail($"haproxy has ended: {await _haproxy.StandardError.ReadToEndAsync()}");
                }

                Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), $"haproxy does not listen: {error.Message}");
            }
        }
    }
}
