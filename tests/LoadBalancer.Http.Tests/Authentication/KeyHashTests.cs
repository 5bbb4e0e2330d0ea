using System.Text;
using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class KeyHashTests
{
    // sha256sum of "abc" (FIPS 180-2, appendix B.1).
    private const string OfAbc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Test]
    public void It_is_the_sha256_of_the_key_and_reads_back()
    {
        Assert.That(KeyHash.Of("abc"u8).ToString(), Is.EqualTo(OfAbc));
        Assert.That((KeyHash.TryParse(OfAbc, out var hash), hash), Is.EqualTo((true, KeyHash.Of("abc"u8))));
        Assert.That((KeyHash.TryParse("sha256:" + OfAbc[7..].ToUpperInvariant(), out hash), hash), Is.EqualTo((true, KeyHash.Of("abc"u8))));
        Assert.That(hash, Is.Not.EqualTo(KeyHash.Of("abd"u8)));
    }

    [TestCase("")]
    [TestCase("sha256:")]
    [TestCase("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [TestCase("sha1:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [TestCase("SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [TestCase("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [TestCase("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015add")]
    [TestCase("sha256:xa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Anything_else_is_none(string text) => Assert.That(KeyHash.TryParse(text, out _), Is.False);

    [Test]
    public void Each_bit_counts()
    {
        var hash = KeyHash.Of("abc"u8);
        foreach (var at in Enumerable.Range(7, 64))
        {
            var other = new StringBuilder(OfAbc) { [at] = OfAbc[at] == '0' ? '1' : '0' }.ToString();
            Assert.That((KeyHash.TryParse(other, out var changed), changed.Equals(hash)), Is.EqualTo((true, false)), other);
        }
    }
}
