using System.Net;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

internal sealed class TicketScenarios
{
    private CertificateFolder _certificates = null!;
    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void MakeFolder()
    {
        (_certificates, _endpoint) = (new CertificateFolder(), new HttpEndpoint("hello"));
        _certificates.Write("a", "localhost");
    }

    [TearDown]
    public void RemoveFolder()
    {
        _endpoint.Dispose();
        _certificates.Dispose();
    }

    private string Session => _certificates["session.pem"];

    [TestCase("-tls1_2")]
    [TestCase("-tls1_3")]
    public async Task Two_instances_with_one_file_take_up_each_others_sessions(string version)
    {
        _certificates.WriteTicketKeys("keys", 1);
        await using var one = await Start(keys: true);
        await using var other = await Start(keys: true);
        Assert.That(Connect(one.Address, $"{version} -sess_out {Session}"), Does.Contain("New, "));
        Assert.That(Connect(other.Address, $"{version} -sess_in {Session}"), Does.Contain("Reused, ").And.Contains("hello"));
        Assert.That((await other.Daemon.GetAsync("/metrics")).Text, Does.Match("lb_tls_handshakes_total\\{listener=\"web\",version=\"TLSv1\\.[23]\",result=\"resumed\"\\} 1\n"));
    }

    [Test]
    public async Task Two_instances_without_a_file_do_not_and_nothing_breaks()
    {
        await using var one = await Start(keys: false);
        await using var other = await Start(keys: false);
        Connect(one.Address, $"-sess_out {Session}");
        Assert.That(Connect(one.Address, $"-sess_in {Session}"), Does.Contain("Reused, "));
        Assert.That(Connect(other.Address, $"-sess_in {Session}"), Does.Contain("New, ").And.Contains("hello"));
    }

    [Test]
    public async Task A_key_that_went_down_in_the_file_still_reads_and_one_that_left_it_does_not()
    {
        _certificates.WriteTicketKeys("keys", 1);
        await using var gateway = await Start(keys: true);
        Connect(gateway.Address, $"-sess_out {Session}");
        _certificates.WriteTicketKeys("keys", 2, 1);
        await gateway.Daemon.ReloadAsync(Text(keys: true));
        Assert.That(Connect(gateway.Address, $"-sess_in {Session}"), Does.Contain("Reused, "));
        _certificates.WriteTicketKeys("keys", 3, 2);
        await gateway.Daemon.ReloadAsync(Text(keys: true));
        Assert.That(Connect(gateway.Address, $"-sess_in {Session}"), Does.Contain("New, ").And.Contains("hello"));
    }

    [Test]
    public async Task T1_nothing_is_taken_before_the_handshake_is_over()
    {
        await using var gateway = await Start(keys: false);
        Connect(gateway.Address, $"-tls1_3 -sess_out {Session}");
        var session = Command.Run("bash", ["-c", $"openssl sess_id -in {Session} -noout -text"]).Output;
        Assert.That(session, Does.Contain("Max Early Data: 0"));
        File.WriteAllText(_certificates["early"], "GET /early HTTP/1.0\r\nHost: localhost\r\n\r\n");
        var client = Connect(gateway.Address, $"-tls1_3 -sess_in {Session} -early_data {_certificates["early"]}");
        Assert.That(client, Does.Not.Contain("Early data was accepted"));
        Assert.That(_endpoint.Requests.Select(request => request.FirstLine), Has.None.Contains("/early"));
    }

    private static string Connect(EndPoint address, string arguments) => Command.Run(
        "bash", ["-c", $"printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | timeout 20 openssl s_client -connect {address} -servername localhost -ign_eof {arguments}"]).Output;

    private Task<TlsGateway> Start(bool keys) => TlsGateway.StartAsync(Text(keys));

    private string Text(bool keys) =>
        TlsGateway.Text("http: up", $"certificates: {_certificates.ItemOf("a")}{(keys ? $", ticket_keys: {_certificates["keys"]}" : "")}", _endpoint.Address);
}
