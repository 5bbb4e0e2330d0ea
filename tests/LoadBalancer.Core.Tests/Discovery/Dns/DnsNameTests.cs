using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class DnsNameTests
{
    [TestCase("orders.internal", "orders.internal")]
    [TestCase("Orders.Internal.", "orders.internal")]
    [TestCase("_db._tcp.x-1", "_db._tcp.x-1")]
    public void Is_the_same_whatever_its_case_and_its_last_dot(string text, string name) =>
        Assert.That(DnsName.TryParse(text, out var read) ? read.ToString() : null, Is.EqualTo(name));

    [TestCase("")]
    [TestCase("a..b")]
    [TestCase(".a")]
    [TestCase("a b")]
    [TestCase("zürich.example")]
    public void Is_not_made_of_everything(string text) => Assert.That(DnsName.TryParse(text, out _), Is.False);

    [Test]
    public void Has_labels_of_63_octets_and_255_in_all()
    {
        var label = new string('a', 63);
        Assert.Multiple(() =>
        {
            Assert.That(DnsName.TryParse(label, out _), Is.True);
            Assert.That(DnsName.TryParse(label + "a", out _), Is.False);
            Assert.That(DnsName.TryParse($"{label}.{label}.{label}.{new string('a', 61)}", out var longest), Is.True);
            Assert.That(longest!.Wire.Length, Is.EqualTo(255));
            Assert.That(DnsName.TryParse($"{label}.{label}.{label}.{new string('a', 62)}", out _), Is.False);
        });
    }

    [Test]
    public void Reads_what_it_writes()
    {
        Assert.That(DnsName.TryParse("orders.internal", out var name), Is.True);
        var at = 3;
        Assert.That(DnsName.TryRead([1, 2, 3, .. name!.Wire, 9], ref at, out var read), Is.True);
        Assert.That((read, at), Is.EqualTo((name, 3 + name.Wire.Length)));
    }

    [Test]
    public void Is_bounded_by_255_octets_however_it_is_compressed()
    {
        // Labels of 63, each ending in a pointer to the one before: the fourth makes it too long.
        var message = new List<byte> { 0 };
        var before = 0;
        for (var part = 1; part <= 5; part++)
        {
            var start = message.Count;
            message.Add(63);
            message.AddRange(new byte[63]);
            message.AddRange([(byte)(0xc0 | (before >> 8)), (byte)before]);
            before = start;
            var at = start;
            Assert.That(DnsName.TryRead(message.ToArray(), ref at, out _), Is.EqualTo(part <= 3));
        }
    }
}
