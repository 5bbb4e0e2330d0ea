using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class HostNameTests
{
    [TestCase("a", "a")]
    [TestCase("api.example.com", "api.example.com")]
    [TestCase("API.Example.COM", "api.example.com")]
    [TestCase("api.example.com:8080", "api.example.com")]
    [TestCase("Api.example.com.:65535", "api.example.com")]
    [TestCase("api.example.com.", "api.example.com")]
    [TestCase("my_service-1", "my_service-1")]
    [TestCase("10.0.0.1:80", "10.0.0.1")]
    [TestCase("[::1]", "[::1]")]
    [TestCase("[2001:DB8::1]:443", "[2001:db8::1]")]
    [TestCase("[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]")]
    public void Is_one_form_of_the_host(string authority, string host) => Assert.That(Read(authority), Is.EqualTo((FaultKind.None, host)));

    [TestCase("a/b")]
    [TestCase("a,b")]
    [TestCase("u@a")]
    [TestCase("a:443@evil")]
    [TestCase("a:")]
    [TestCase("a:0")]
    [TestCase("a:65536")]
    [TestCase("a:+80")]
    [TestCase("a:80x")]
    [TestCase("a:80:80")]
    [TestCase("a b")]
    [TestCase("a%20b")]
    [TestCase("a?b")]
    [TestCase("a\\b")]
    [TestCase("a\u0000")]
    [TestCase("\u00e4")]
    [TestCase("::1")]
    [TestCase("[::1")]
    [TestCase("[::1]x")]
    [TestCase("[]")]
    [TestCase("[10.0.0.1]")]
    [TestCase("[::1%25eth0]")]
    [TestCase("[::1::2]")]
    [TestCase(".a")]
    [TestCase("a..b")]
    [TestCase(".")]
    [TestCase("..")]
    [TestCase(":80")]
    public void S12_what_is_no_host_is_refused(string authority) => Assert.That(Read(authority).Fault, Is.EqualTo(FaultKind.HostInvalid));

    [Test]
    public void S13_an_empty_host_is_refused() => Assert.That(Read("").Fault, Is.EqualTo(FaultKind.HostInvalid));

    [Test]
    public void Is_no_longer_than_a_name_may_be() => Assert.Multiple(() =>
    {
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + ".a";
        Assert.That(longest, Has.Length.EqualTo(253));
        Assert.That(Read(longest).Fault, Is.EqualTo(FaultKind.None));
        Assert.That(Read(longest + ".:80").Fault, Is.EqualTo(FaultKind.None));
        Assert.That(Read(longest + "a").Fault, Is.EqualTo(FaultKind.HostInvalid));
    });

    [Test]
    public void Allocates_nothing()
    {
        var head = new RequestHead();
        Assert.That(Allocations.Of(() =>
        {
            head.Reset();
            head.AuthoritySlice = new Slice(head.Fields.Append("API.example.com:8080"u8), 20);
            if (HostName.Read(head) != FaultKind.None)
            {
                throw new InvalidOperationException();
            }
        }), Is.Zero);
    }

    private static (FaultKind Fault, string Host) Read(string authority)
    {
        var head = new RequestHead();
        head.AuthoritySlice = new Slice(head.Fields.Append(Encoding.Latin1.GetBytes(authority)), authority.Length);
        var fault = HostName.Read(head);
        return (fault, Encoding.Latin1.GetString(head.Host));
    }
}
