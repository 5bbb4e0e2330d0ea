namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class ProbeChecksTests
{
    [TestCase("{path: /x}", "lb.yaml:4:23: 'path' goes with a probe of 'type: http', and without a type it is 'type: tcp'")]
    [TestCase("{type: tcp, tls: {}}", "lb.yaml:4:34: 'tls' goes with a probe of 'type: tls' or 'type: http' or 'type: grpc', and this one has 'type: tcp'")]
    [TestCase("{type: tls, status: 200}", "lb.yaml:4:34: 'status' goes with a probe of 'type: http', and this one has 'type: tls'")]
    [TestCase("{type: http, method: HEAD, body: ok}", "lb.yaml:4:49: the answer to 'method: HEAD' has no body; leave the method out, or the body")]
    [TestCase("{type: htp, path: /x}", "lb.yaml:4:29: 'type' expects one of tcp, tls, http, grpc, not 'htp'; did you mean 'http'?")]
    [TestCase("{type: http, status: 2xx}", "lb.yaml:4:43: 'status' expects a status from 100 to 599, or a range of them such as 100-599, or a list of them, not '2xx'; write 200-299")]
    public void A_key_fits_its_probe(string active, string error) => Assert.That(ErrorsOf(active), Is.EqualTo(new[] { error }));

    [TestCase("{type: http, tls: {}, method: HEAD, path: \"/healthz?full=1\", host: \"orders:80\", status: [200, 301-302], port: 8080}")]
    [TestCase("{type: tls, tls: {server_name: orders.internal}, port: 8443}")]
    [TestCase("{type: tcp, port: 1}")]
    [TestCase("{type: http, body: 'all is well'}")]
    [TestCase("{}")]
    [TestCase("off")]
    public void What_fits_is_taken(string active) => Assert.That(ErrorsOf(active), Is.Empty);

    [Test]
    public void A_Unix_socket_has_no_other_port() => Assert.That(
        ErrorsOf("{port: 81}", "unix:/run/x.sock"),
        Is.EqualTo(new[] { "lb.yaml:4:23: a Unix socket has no port to probe: leave 'port' out, or give the endpoint an upstream of its own" }));

    [Test]
    public void The_authorities_are_there_and_are_some()
    {
        using var folder = new ConfigFolder().With("empty.pem", "nothing");

        Assert.Multiple(() =>
        {
            Assert.That(ErrorsOf($"{{type: tls, tls: {{ca: \"{folder["absent.pem"]}\"}}}}").Single(), Does.StartWith("lb.yaml:4:44: cannot read the authorities in '").And.Contain("absent.pem"));
            Assert.That(ErrorsOf($"{{type: tls, tls: {{ca: \"{folder["empty.pem"]}\"}}}}").Single(), Does.EndWith(": there is no certificate in it"));
        });
    }

    private static string[] ErrorsOf(string active, string endpoint = "10.0.0.1:80") => ConfigFolder.ErrorsOf(
        $"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams:\n  web: {{endpoints: \"{endpoint}\", health: {{\n             active: {active}}}}}");
}
