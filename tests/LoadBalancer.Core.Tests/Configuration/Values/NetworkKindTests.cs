using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration.Values;

internal sealed class NetworkKindTests
{
    [TestCase("10.0.0.0/8", "10.0.0.0/8")]
    [TestCase("0.0.0.0/0", "0.0.0.0/0")]
    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("192.0.2.7/32", "192.0.2.7")]
    [TestCase("2001:db8::/32", "2001:db8::/32")]
    [TestCase("::1", "::1")]
    [TestCase("::/0", "::/0")]
    [TestCase("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    public void A_network_or_an_address_is_read(string text, string printed) => Assert.Multiple(() =>
    {
        var reader = new ConfigReader();
        var value = Kinds.Network.Read(Node(text), default, reader);
        Assert.That(reader.Errors.Select(error => error.Message), Is.Empty);
        Assert.That(Kinds.Network.Print(value), Is.EqualTo(printed));
    });

    [TestCase("10.1.2.3/8", "bits behind the first 8 are set; the network is 10.0.0.0/8, the address alone is 10.1.2.3")]
    [TestCase("2001:db8::1/32", "the network is 2001:db8::/32")]
    [TestCase("10.0.0.0/33", "the prefix of an IPv4 network is /0 to /32")]
    [TestCase("10.0.0.0/08", "the prefix of an IPv4 network is /0 to /32")]
    [TestCase("10.0.0.0/255.0.0.0", "the prefix of an IPv4 network is /0 to /32")]
    [TestCase("::/129", "the prefix of an IPv6 network is /0 to /128")]
    [TestCase("10.0.0.1:80", "leave the port out: 10.0.0.1")]
    [TestCase("[::1]", "leave the brackets out: \"::1\"")]
    [TestCase("[::1]:80", "leave the port out: \"::1\"")]
    [TestCase("all", "every address is")]
    [TestCase("office.example.com", "names are not looked up here")]
    [TestCase("10.0.0", "expects a network or an IP address")]
    [TestCase("010.0.0.0/8", "expects a network or an IP address")]
    [TestCase("fe80::1%eth0", "expects a network or an IP address")]
    [TestCase("/8", "expects a network or an IP address")]
    [TestCase("10.0.0.0/", "the prefix of an IPv4 network")]
    [TestCase("10.0.0.0/-1", "the prefix of an IPv4 network")]
    public void Anything_else_is_an_error_that_says_what_to_write(string text, string message)
    {
        var reader = new ConfigReader();
        Kinds.Network.Read(Node(text), default, reader);
        Assert.That(reader.Errors.Single().Message, Does.Contain(message));
    }

    private static ScalarNode Node(string text) => new(new SourceSpan("lb.yaml", 1, 1), "allow_ips", text);
}
