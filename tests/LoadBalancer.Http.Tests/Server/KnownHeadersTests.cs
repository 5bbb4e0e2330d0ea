using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Server;

public sealed class KnownHeadersTests
{
    [Test]
    public void Finds_every_name_in_whatever_case()
    {
        foreach (var header in Enum.GetValues<KnownHeader>().Where(header => header != KnownHeader.Other))
        {
            var name = System.Text.Encoding.ASCII.GetString(KnownHeaders.Name(header));
            Assert.That(KnownHeaders.Find(KnownHeaders.Name(header)), Is.EqualTo(header));
            Assert.That(KnownHeaders.Find(System.Text.Encoding.ASCII.GetBytes(name.ToUpperInvariant())), Is.EqualTo(header));
            Assert.That(KnownHeaders.Find(System.Text.Encoding.ASCII.GetBytes(name + "x")), Is.EqualTo(KnownHeader.Other));
            Assert.That(KnownHeaders.Find(System.Text.Encoding.ASCII.GetBytes(name[..^1])), Is.Not.EqualTo(header));
            Assert.That(KnownHeaders.Find(System.Text.Encoding.ASCII.GetBytes(name.Replace('-', '_'))), name.Contains('-') ? Is.EqualTo(KnownHeader.Other) : Is.EqualTo(header));
        }
    }

    [Test]
    public void Knows_no_other_name()
    {
        Assert.That(KnownHeaders.Find(default), Is.EqualTo(KnownHeader.Other));
        Assert.That(KnownHeaders.Find("accept"u8), Is.EqualTo(KnownHeader.Other));
    }
}
