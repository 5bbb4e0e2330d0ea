using System.Net;
using System.Net.Sockets;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Tests;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class RequestFieldsTests
{
    private static readonly EndPoint Address = new IPEndPoint(IPAddress.Parse("10.0.0.1"), 8000);

    [TestCase("keep", "Shop.example:80")]
    [TestCase("endpoint", "10.0.0.1:8000")]
    [TestCase("orders.internal", "orders.internal")]
    public void The_host_is_kept_or_the_endpoints_or_a_name(string host, string sent) => Assert.That(Sent(host, Address, "Host: Shop.example:80", "Accept: */*"), Is.EqualTo(sent));

    [Test]
    public void A_Unix_socket_is_localhost() => Assert.That(Sent("endpoint", new UnixDomainSocketEndPoint("/run/x.sock"), "Host: a"), Is.EqualTo("localhost"));

    [Test]
    public void Without_a_host_the_endpoint_gets_its_own() => Assert.That(Sent("keep", Address), Is.EqualTo("10.0.0.1:8000"));

    [Test]
    public void A_second_attempt_has_the_second_endpoints_host()
    {
        var options = new UpstreamOptions { Host = "endpoint" };
        var exchange = Heads.Request("/", "Host: a");
        RequestFields.Prepare(exchange, options);
        foreach (var port in new[] { 1, 2 })
        {
            var endpoint = new Endpoint(new EndpointId("up", new IPEndPoint(IPAddress.Loopback, port)), 1);
            RequestFields.ForEndpoint(exchange, endpoint, options);
            Assert.That(exchange.Request.Fields.Values("Host"), Is.EqualTo(new[] { $"127.0.0.1:{port}" }));
        }
    }

    [Test]
    public void Allocates_nothing()
    {
        var options = new UpstreamOptions { Host = "endpoint" };
        var exchange = Heads.Request("/", "Host: a");
        var endpoint = new Endpoint(new EndpointId("up", Address), 1);
        Assert.That(Allocations.Of(() =>
        {
            exchange.Request.Fields.Reset();
            RequestFields.Prepare(exchange, options);
            RequestFields.ForEndpoint(exchange, endpoint, options);
        }), Is.Zero);
    }

    private static string Sent(string host, EndPoint address, params string[] fields)
    {
        var options = new UpstreamOptions { Host = host };
        var exchange = Heads.Request("/", fields);
        var endpoint = new Endpoint(new EndpointId("up", address), 1);
        RequestFields.Prepare(exchange, options);
        RequestFields.ForEndpoint(exchange, endpoint, options);
        return exchange.Request.Fields.Values("Host").Single();
    }
}
