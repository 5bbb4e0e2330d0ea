using System.Text;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class CookieKeysTests
{
    private const string One = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string Two = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(10_000)]
    public void What_was_sealed_opens(int length)
    {
        var keys = CookieKeys.Random();
        var plain = Enumerable.Range(0, length).Select(at => (byte)at).ToArray();
        var text = keys.Seal("a", plain);
        Assert.That((text.Length, keys.Open("a", Encoding.ASCII.GetBytes(text))), Is.EqualTo((CookieKeys.SealedLength(length), plain)));
    }

    [Test]
    public void The_first_key_seals_and_all_open()
    {
        var (old, rotated, last) = (Parse(One), Parse($"{Two}\n{One}"), Parse(Two));
        var (before, after) = (Encoding.ASCII.GetBytes(old.Seal("a", "x"u8)), Encoding.ASCII.GetBytes(rotated.Seal("a", "x"u8)));
        Assert.That(new[] { rotated.Open("a", before), rotated.Open("a", after), last.Open("a", after) }, Is.All.Not.Null);
        Assert.That(new[] { last.Open("a", before), old.Open("a", after) }, Is.All.Null);
    }

    [Test]
    public void It_opens_for_nothing_else()
    {
        var keys = CookieKeys.Random();
        Assert.That(keys.Open("session", Encoding.ASCII.GetBytes(keys.Seal("login", "x"u8))), Is.Null);
    }

    [Test]
    public void One_changed_letter_anywhere_and_it_does_not_open()
    {
        var keys = CookieKeys.Random();
        var text = Encoding.ASCII.GetBytes(keys.Seal("a", "0123456789ab"u8));
        for (var at = 0; at < text.Length; at++)
        {
            var changed = text.ToArray();
            changed[at] = changed[at] == 'A' ? (byte)'B' : (byte)'A';
            Assert.That(keys.Open("a", changed), Is.Null, $"letter {at}");
            Assert.That(keys.Open("a", text.AsSpan(0, at)), Is.Null, $"cut at {at}");
        }

        Assert.That(keys.Open("a", [.. text, (byte)'A']), Is.Null);
    }

    [TestCase(0, " ")]
    [TestCase(20, "\t")]
    [TestCase(20, "\r\n")]
    [TestCase(-1, " ")]
    [TestCase(-1, "=")]
    [TestCase(-1, "==")]
    public void It_opens_in_one_spelling_only(int at, string added)
    {
        // Of 33 to 35 bytes, so that each number of letters left over is among them.
        var keys = CookieKeys.Random();
        foreach (var plain in (string[])["x", "xy", "xyz"])
        {
            var text = keys.Seal("a", Encoding.ASCII.GetBytes(plain));
            Assert.That(keys.Open("a", Encoding.ASCII.GetBytes(text.Insert(at < 0 ? text.Length : at, added))), Is.Null, plain);
        }
    }

    [Test]
    public void The_same_is_never_sealed_to_the_same()
    {
        var keys = CookieKeys.Random();
        Assert.That(Enumerable.Range(0, 100).Select(_ => keys.Seal("a", "x"u8)).Distinct().Count(), Is.EqualTo(100));
    }

    [TestCase("", "there is no key in it; make one with: openssl rand -hex 32")]
    [TestCase("# none\n\n", "there is no key in it; make one with: openssl rand -hex 32")]
    [TestCase(One + "\nsecret", "line 2 is no key of 64 hexadecimal digits; make one with: openssl rand -hex 32")]
    [TestCase("g" + "111111111111111111111111111111111111111111111111111111111111111", "line 1 is no key of 64 hexadecimal digits; make one with: openssl rand -hex 32")]
    public void A_file_that_is_no_use_says_where_and_not_what(string text, string flaw)
    {
        Assert.That(CookieKeys.Parse(text, out var found), Is.Null);
        Assert.That(found, Is.EqualTo(flaw));
    }

    private static CookieKeys Parse(string text) => CookieKeys.Parse(text, out _) ?? throw new AssertionException("no keys");
}
