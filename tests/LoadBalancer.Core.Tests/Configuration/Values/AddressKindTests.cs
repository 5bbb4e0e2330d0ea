using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration.Values;

internal sealed class AddressKindTests
{
    [TestCase("8080", "for this port of every IPv4 address write \":8080\"")]
    [TestCase("*:80", "for every IPv4 address write \":80\", for every IPv6 address \"[::]:80\"")]
    [TestCase("127.0.0.1", "add a port: \"127.0.0.1:8080\"")]
    [TestCase("[::1]", "add a port: \"[::1]:8080\"")]
    [TestCase("::1:80", "put an IPv6 address in brackets: \"[::1]:80\"")]
    [TestCase("127.0.0.1:70000", "a port is 0 to 65535, and 0 takes a free one")]
    [TestCase("localhost:80", "write \"127.0.0.1:80\"")]
    [TestCase("tcp://127.0.0.1:80", "leave the scheme out")]
    [TestCase(":", "the port is missing")]
    [TestCase("unix:x.sock", "the path of a Unix socket is absolute and at most 107 bytes long")]
    [TestCase("lb.example.com:80", "names are not looked up here; write the IP address")]
    public void Says_what_to_bind_instead(string text, string advice) => Assert.That(Kinds.BindAddress.Advice(text), Is.EqualTo(advice));

    [TestCase("80", "an IP address is missing before the port")]
    [TestCase(":80", "an IP address is missing before the port")]
    [TestCase("0.0.0.0:80", "this address means all of them and cannot be connected to; write 127.0.0.1 or [::1] for this machine")]
    [TestCase("10.0.0.1:0", "a port is 1 to 65535")]
    [TestCase("db.internal:5432", "names are not looked up here; write the IP address, or look the name up with discover: {dns: \"db.internal:5432\"}")]
    [TestCase("[10.0.0.1]:80", "write \"10.0.0.1:80\"")]
    public void Says_what_an_endpoint_should_be_instead(string text, string advice) => Assert.That(Kinds.EndpointAddress.Advice(text), Is.EqualTo(advice));
}
