using System.Net;
using System.Net.Sockets;
using LoadBalancer.Addresses;

namespace LoadBalancer.Tests.Addresses;

internal sealed class IpSetTests
{
    [TestCase("10.0.0.0/8", "10.0.0.0", true)]
    [TestCase("10.0.0.0/8", "10.255.255.255", true)]
    [TestCase("10.0.0.0/8", "11.0.0.0", false)]
    [TestCase("10.0.0.0/8", "9.255.255.255", false)]
    [TestCase("0.0.0.0/0", "255.255.255.255", true)]
    [TestCase("0.0.0.0/0", "::1", false)]
    [TestCase("::/0", "2001:db8::1", true)]
    [TestCase("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)]
    [TestCase("::/0", "10.0.0.1", false)]
    [TestCase("::/0", "::ffff:10.0.0.1", false)]
    [TestCase("10.0.0.1/32", "::ffff:10.0.0.1", true)]
    [TestCase("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [TestCase("::ffff:10.0.0.0/104", "11.1.2.3", false)]
    [TestCase("2001:db8::/32", "2001:db8:ffff::1", true)]
    [TestCase("2001:db8::/32", "2001:db9::", false)]
    [TestCase("fe80::/10", "fe80::1%7", true)]
    [TestCase("::1/128", "::1", true)]
    [TestCase("::1/128", "::2", false)]
    public void A_network_has_its_own_addresses_in_any_spelling(string network, string address, bool expected) =>
        Assert.That(new IpSet([IPNetwork.Parse(network)]).Contains(IPAddress.Parse(address)), Is.EqualTo(expected));

    [TestCase("10.0.0.0/8", "10.0.0.0/8", true)]
    [TestCase("10.0.0.0/8", "10.255.255.255/32", true)]
    [TestCase("10.0.0.0/8", "10.0.0.0/7", false)]
    [TestCase("10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", true)]
    [TestCase("10.0.0.0/9 10.128.0.0/10", "10.0.0.0/8", false)]
    [TestCase("0.0.0.0/0", "0.0.0.0/0", true)]
    [TestCase("0.0.0.0/1", "0.0.0.0/0", false)]
    [TestCase("0.0.0.0/0", "::/0", false)]
    [TestCase("::/0", "10.0.0.0/8", false)]
    [TestCase("::/0", "2001:db8::/32", true)]
    [TestCase("2001:db8::/33 2001:db8:8000::/33", "2001:db8::/32", true)]
    [TestCase("10.0.0.0/8", "::ffff:10.0.0.0/104", true)]
    public void A_network_is_in_it_where_all_of_its_addresses_are(string networks, string network, bool expected) =>
        Assert.That(new IpSet(networks.Split(' ').Select(IPNetwork.Parse)).Contains(IPNetwork.Parse(network)), Is.EqualTo(expected));

    [Test]
    public void It_agrees_with_the_networks_one_by_one()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            IPNetwork[] networks = [.. Enumerable.Range(0, random.Next(0, 30)).Select(_ => Network(random))];
            var set = new IpSet(networks);
            for (var look = 0; look < 100; look++)
            {
                var address = Address(random);
                Assert.That(
                    set.Contains(address),
                    Is.EqualTo(networks.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))),
                    $"{address} in {string.Join(' ', networks)}");
            }
        }
    }

    [Test]
    public void A_Unix_peer_is_in_no_network()
    {
        var set = new IpSet([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]);
        Assert.That(set.Contains(new UnixDomainSocketEndPoint("/run/x.sock")), Is.False);
        Assert.That(set.Contains((EndPoint?)null), Is.False);
    }

    [Test]
    public void A_set_without_a_network_is_empty() => Assert.Multiple(() =>
    {
        Assert.That(IpSet.Empty.IsEmpty, Is.True);
        Assert.That(new IpSet([IPNetwork.Parse("::1/128")]).IsEmpty, Is.False);
        Assert.That(IpSet.Empty.Contains(IPAddress.Any), Is.False);
    });

    [Test]
    public void Looking_up_allocates_nothing()
    {
        var random = new Random(7);
        var set = new IpSet(Enumerable.Range(0, 1000).Select(_ => Network(random)));
        IPAddress[] addresses = [.. Enumerable.Range(0, 100).Select(_ => Address(random))];
        var found = 0;
        Assert.That(
            Allocations.Of(() =>
            {
                foreach (var address in addresses)
                {
                    found += set.Contains(address) ? 1 : 0;
                }
            }),
            Is.Zero);
        Assert.That(found, Is.Positive);
    }

    // Few distinct bits, so that networks overlap, touch and are hit.
    private static IPAddress Address(Random random)
    {
        var bytes = new byte[random.Next(2) == 0 ? 4 : 16];
        (bytes[0], bytes[1], bytes[^1]) = ((byte)random.Next(4), (byte)(random.Next(4) << 6), (byte)random.Next(256));
        return new IPAddress(bytes);
    }

    private static IPNetwork Network(Random random)
    {
        var bytes = Address(random).GetAddressBytes();
        var prefix = random.Next(1, (bytes.Length * 8) + 1);
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
