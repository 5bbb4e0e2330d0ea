using System.Buffers.Binary;
using LoadBalancer.Http.RateLimiting;

namespace LoadBalancer.Http.Tests.RateLimiting;

internal sealed class KeyedHashTests
{
    // Of the vectors that Rust's library has for SipHash-1-3 (tests of core::hash::sip): the bytes 0, 1, 2, … with the key 0, 1, …, 15.
    [TestCase(0, "dcc40f055801acab")]
    [TestCase(1, "93ca577df39bf4c9")]
    [TestCase(7, "4011b19b987d92d3")]
    [TestCase(8, "8e9a298d11959036")]
    [TestCase(15, "5699512a6dd820d3")]
    [TestCase(16, "668b907d1add4fcc")]
    [TestCase(63, "a8b3bbb76290199d")]
    public void It_is_SipHash_1_3(int length, string hash)
    {
        byte[] text = [.. Enumerable.Range(0, length).Select(number => (byte)number)];
        Assert.That(new KeyedHash(0x0706050403020100, 0x0f0e0d0c0b0a0908).Of(text), Is.EqualTo(BinaryPrimitives.ReadUInt64LittleEndian(Convert.FromHexString(hash))));
    }

    [Test]
    public void D6_another_process_has_other_numbers()
    {
        var seeds = new Random(1);
        var (one, other) = (new KeyedHash(seeds), new KeyedHash(seeds));
        Assert.That(one.Of("ip:192.0.2.1"u8), Is.Not.EqualTo(other.Of("ip:192.0.2.1"u8)));
    }
}
