using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class HostsFileTests
{
    private static readonly HostsFile Hosts = HostsFile.Parse(
        "127.0.0.1 localhost\n::1\tlocalhost ip6-localhost\r\n# 10.0.0.9 db\n10.0.0.1  db DB.internal # 10.0.0.9\n10.0.0.2 db\n10.0.0.1 db\n\nnonsense db\n10.1 db\n");

    [TestCase("localhost", "127.0.0.1 ::1")]
    [TestCase("db", "10.0.0.1 10.0.0.2")]
    [TestCase("db.INTERNAL.", "10.0.0.1")]
    [TestCase("internal", "")]
    public void Has_every_address_of_a_name(string name, string addresses) => Assert.That(string.Join(' ', Hosts.Find(name)), Is.EqualTo(addresses));

    [Test]
    public void Reads_a_name_on_many_lines_in_memory_that_grows_with_the_lines()
    {
        var text = string.Concat(Enumerable.Range(0, 8_000).Select(line => $"10.0.{line / 250}.{line % 250} db\n"));
        Assert.That(HostsFile.Parse(text).Find("db"), Has.Length.EqualTo(8_000));
        Assert.That(Allocations.Of(() => HostsFile.Parse(text)), Is.LessThan(8_000 * 1_000));
    }
}
