using System.Globalization;
using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>The tags of an answer.</summary>
internal sealed class CacheTagsTests
{
    private readonly CacheStore _store = new(CacheStore.LeastBytes, new Random(1));

    [TestCase("a", "a")]
    [TestCase("a b", "a|b")]
    [TestCase("a,b", "a|b")]
    [TestCase(" a , b,,c  d ,", "a|b|c|d")]
    [TestCase("product-7 Product-7", "product-7|Product-7")]
    [TestCase("", "")]
    [TestCase(" , ", "")]
    public void Are_words_with_commas_or_spaces_between(string value, string expected) =>
        Assert.That(CacheTags.Take(Fields.Of($"Cache-Tag: {value}"), "cache-tag"u8, _store), Is.EqualTo(Numbers(expected.Split('|', StringSplitOptions.RemoveEmptyEntries))));

    [Test]
    public void Are_taken_off_all_lines_of_the_field_and_no_other()
    {
        var fields = Fields.Of("Cache-Tag: a", "X-A: x", "cache-tag: b");
        Assert.That(CacheTags.Take(fields, "Cache-Tag"u8, _store), Is.EqualTo(Numbers("a", "b")));
        Assert.That((fields.Find("cache-tag"u8), fields.Find("x-a"u8)), Is.EqualTo((-1, 1)));
    }

    [Test]
    public void Of_too_many_none_is_known_and_all_are_taken_off()
    {
        var words = Enumerable.Range(0, CacheTags.Most + 1).Select(at => at.ToString(CultureInfo.InvariantCulture)).ToArray();
        var fields = Fields.Of($"Cache-Tag: {string.Join(' ', words)}");
        Assert.That(CacheTags.Take(Fields.Of($"Cache-Tag: {string.Join(' ', words[1..])}"), "cache-tag"u8, _store), Has.Length.EqualTo(CacheTags.Most));
        Assert.That(CacheTags.Take(fields, "cache-tag"u8, _store), Is.Null);
        Assert.That(fields.Find("cache-tag"u8), Is.Negative);
    }

    [TestCase("a", true)]
    [TestCase("a/b:c", true)]
    [TestCase("", false)]
    [TestCase("a b", false)]
    [TestCase("a,b", false)]
    [TestCase("ä", false)]
    public void A_purge_names_one_word(string tag, bool expected) => Assert.That(CacheTags.IsTag(System.Text.Encoding.UTF8.GetBytes(tag)), Is.EqualTo(expected));

    private ulong[] Numbers(params string[] words) => [.. words.Select(word => _store.HashOf(System.Text.Encoding.ASCII.GetBytes(word)))];
}
