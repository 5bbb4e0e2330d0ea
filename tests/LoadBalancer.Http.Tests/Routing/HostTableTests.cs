using System.Text;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class HostTableTests
{
    private static readonly HostTable<string> Table = new(
        [.. ((string?[])["api.example.com", "*.example.com", "*.eu.example.com", "example.com", "[::1]", "*.org", null]).Select(host => (host, host ?? "every"))]);

    [TestCase("api.example.com", "api.example.com *.example.com every")]
    [TestCase("other.example.com", "*.example.com every")]
    [TestCase("a.b.example.com", "*.example.com every")]
    [TestCase("api.eu.example.com", "*.eu.example.com *.example.com every")]
    [TestCase("a.b.eu.example.com", "*.eu.example.com *.example.com every")]
    [TestCase("eu.example.com", "*.example.com every")]
    [TestCase("example.com", "example.com every")]
    [TestCase("badexample.com", "every")]
    [TestCase("x.org", "*.org every")]
    [TestCase("org", "every")]
    [TestCase("[::1]", "[::1] every")]
    [TestCase("10.0.0.1", "every")]
    [TestCase("", "every")]
    public void Gives_the_exact_host_then_the_longest_suffix_then_every_host(string host, string values) =>
        Assert.That(string.Join(' ', Table.Find(Encoding.ASCII.GetBytes(host)).ToArray()), Is.EqualTo(values));

    [Test]
    public void Gives_nothing_where_nothing_is_meant() => Assert.Multiple(() =>
    {
        Assert.That(new HostTable<int>([]).Find("a"u8).ToArray(), Is.Empty);
        Assert.That(new HostTable<int>([("a", 1)]).Find("b"u8).ToArray(), Is.Empty);
        Assert.That(new HostTable<int>([("*.a", 1)]).Find("a"u8).ToArray(), Is.Empty);
    });

    [Test]
    public void Finds_every_one_of_many_hosts()
    {
        var table = new HostTable<int>([.. Enumerable.Range(0, 5000).Select(number => ((string?)$"tenant-{number}.example.com", number))]);

        Assert.That(Enumerable.Range(0, 5000).Select(number => table.Find(Encoding.ASCII.GetBytes($"tenant-{number}.example.com")).ToArray().Single()), Is.EqualTo(Enumerable.Range(0, 5000)));
    }
}
