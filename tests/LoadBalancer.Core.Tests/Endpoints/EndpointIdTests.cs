using System.Net;
using System.Net.Sockets;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Endpoints;

public sealed class EndpointIdTests
{
    [Test]
    public void Is_the_upstream_and_the_address()
    {
        var one = new EndpointId("orders", IPEndPoint.Parse("192.0.2.1:80"));

        Assert.That(new EndpointId("orders", IPEndPoint.Parse("192.0.2.1:80")), Is.EqualTo(one));
        Assert.That(new EndpointId("trips", IPEndPoint.Parse("192.0.2.1:80")), Is.Not.EqualTo(one));
        Assert.That(new EndpointId("orders", IPEndPoint.Parse("192.0.2.1:81")), Is.Not.EqualTo(one));
    }

    [Test]
    public void Is_the_path_of_a_unix_socket() =>
        Assert.That(
            new EndpointId("orders", new UnixDomainSocketEndPoint("/run/a.sock")),
            Is.EqualTo(new EndpointId("orders", new UnixDomainSocketEndPoint("/run/a.sock"))));

    [Test]
    public void Reads_like_a_path() =>
        Assert.That(new EndpointId("orders", IPEndPoint.Parse("[2001:db8::1]:80")).ToString(), Is.EqualTo("orders/[2001:db8::1]:80"));
}
