using System.Net;
using System.Net.Sockets;
using LoadBalancer.Addresses;

namespace LoadBalancer.Tests.Addresses;

internal sealed class ClientKeyTests
{
    private readonly ClientKey _keys = new(new Random(1));

    [TestCase("10.0.0.1", "::ffff:10.0.0.1", true)]
    [TestCase("10.0.0.1", "10.0.0.2", false)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [TestCase("::1", "0.0.0.1", false)]
    public void One_client_is_an_IPv4_address_or_an_IPv6_network_of_64_bits(string one, string other, bool same) =>
        Assert.That(Key(one) == Key(other), Is.EqualTo(same));

    [Test]
    public void No_two_clients_share_a_number()
    {
        var keys = new HashSet<ulong>();
        for (var host = 0; host < 200_000; host++)
        {
            keys.Add(Key(new IPAddress((uint)host * 7919)));
        }

        Assert.That(keys, Has.Count.EqualTo(200_000));
    }

    [Test]
    public void The_numbers_of_neighbours_spread_over_their_first_bits()
    {
        var places = new int[1024];
        for (var host = 0; host < 64 * 1024; host++)
        {
            places[Key(new IPAddress([10, 0, (byte)(host >> 8), (byte)host])) >> 54]++;
        }

        Assert.That(places.Max(), Is.LessThan(64 * 3));
    }

    [Test]
    public void Without_an_IP_address_there_is_no_client() => Assert.Multiple(() =>
    {
        Assert.That(_keys.TryGet(null, out _), Is.False);
        Assert.That(_keys.TryGet(new UnixDomainSocketEndPoint("/run/x.sock"), out _), Is.False);
    });

    private ulong Key(string address) => Key(IPAddress.Parse(address));

    private ulong Key(IPAddress address)
    {
        Assert.That(_keys.TryGet(new IPEndPoint(address, 1), out var key), Is.True);
        return key;
    }
}
