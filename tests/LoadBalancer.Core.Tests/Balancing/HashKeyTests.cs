using System.Net;
using System.Net.Sockets;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Balancing;

namespace LoadBalancer.Tests.Balancing;

public sealed class HashKeyTests
{
    [Test]
    public void Is_the_same_for_an_ipv4_address_and_its_mapped_form() =>
        Prop.ForAll<uint>(bits =>
        {
            var address = new IPAddress(bits);
            return HashKey.OfAddress(address) == HashKey.OfAddress(address.MapToIPv6());
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Leaves_the_port_of_a_client_out() =>
        Assert.That(
            HashKey.OfClient(IPEndPoint.Parse("192.0.2.1:50000")), Is.EqualTo(HashKey.OfClient(IPEndPoint.Parse("192.0.2.1:50001"))));

    [Test]
    public void Leaves_the_scope_of_an_address_out() =>
        Assert.That(HashKey.OfAddress(IPAddress.Parse("fe80::1%1")), Is.EqualTo(HashKey.OfAddress(IPAddress.Parse("fe80::1%2"))));

    [Test]
    public void Tells_endpoints_on_one_address_apart_by_port() =>
        Assert.That(
            HashKey.OfEndpoint(IPEndPoint.Parse("192.0.2.1:80")), Is.Not.EqualTo(HashKey.OfEndpoint(IPEndPoint.Parse("192.0.2.1:81"))));

    [Test]
    public void Tells_unix_endpoints_apart_by_path() =>
        Assert.That(
            HashKey.OfEndpoint(new UnixDomainSocketEndPoint("/run/a.sock")),
            Is.Not.EqualTo(HashKey.OfEndpoint(new UnixDomainSocketEndPoint("/run/b.sock"))));

    [Test]
    public void Is_one_for_all_clients_without_an_ip_address() =>
        Assert.That(HashKey.OfClient(new UnixDomainSocketEndPoint("/run/a.sock")), Is.EqualTo(HashKey.OfClient(null)));

    /// <summary>The published FNV-1a value of "foobar", 0x85944171f73967e8, through the published SplitMix64 finalizer.</summary>
    [Test]
    public void Is_fnv_1a_through_the_finalizer_of_splitmix() =>
        Assert.That(HashKey.Of("foobar"u8), Is.EqualTo(HashKey.Mix(0x85944171f73967e8)));

    /// <summary>SplitMix64 seeded with 0 gives 0xE220A8397B1DCDAF first: its finalizer over one golden-ratio step.</summary>
    [Test]
    public void Finalizes_as_splitmix_does() => Assert.That(HashKey.Mix(0x9E3779B97F4A7C15), Is.EqualTo(0xE220A8397B1DCDAF));

    [Test]
    public void Moves_half_of_the_bits_when_one_bit_of_an_address_moves()
    {
        var moved = 0;
        for (var client = 0; client < 1_000; client++)
        {
            moved += BitOperations.PopCount(Members.Key(client) ^ Members.Key(client ^ 1));
        }

        Assert.That(moved / 1_000.0, Is.EqualTo(32).Within(1));
    }
}
