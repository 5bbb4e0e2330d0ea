using System.Buffers;
using System.Text;
using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>What is given up, and what is not kept although it comes later.</summary>
internal sealed class CachePurgeTests
{
    private CacheStore _store = null!;

    [SetUp]
    public void Begin() => _store = new(CacheStore.LeastBytes * 32, new Random(1));

    [TestCase(null, null, false, "abcdefg")]
    [TestCase("one", null, false, "abcdf")]
    [TestCase("two", null, false, "e")]
    [TestCase("ne", null, false, "")]
    [TestCase(null, "/x", false, "abe")]
    [TestCase("one", "/x", false, "ab")]
    [TestCase("one", "/X", false, "")]
    [TestCase(null, "/x/", true, "c")]
    [TestCase(null, "/x", true, "abcde")]
    [TestCase(null, "/", true, "abcdefg")]
    [TestCase("two", "/x/", true, "")]
    public void What_all_words_are_true_of_is_given_up(string? host, string? path, bool isPrefix, string expected)
    {
        Keep("a", "one/x");
        Keep("b", "one/x");
        Keep("c", "one/x/y");
        Keep("d", "one/xy");
        Keep("e", "two/x");
        Keep("f", "one/z/x");
        Keep("g", "three/");
        var count = _store.Purge(new CachePurge(5) { Host = Bytes(host), Path = Bytes(path), IsPrefix = isPrefix });

        Assert.That(string.Concat("abcdefg".Where(key => !Has($"{key}"))), Is.EqualTo(expected));
        Assert.That((count, _store.Purged, _store.Count), Is.EqualTo((expected.Length, expected.Length, 7 - expected.Length)));
        Assert.That(_store.Evicted, Is.Zero);
    }

    [Test]
    public void A_tag_gives_up_all_forms_of_the_answers_that_have_it()
    {
        Keep("plain", "one/a", tags: [1, 2]);
        Keep("other", "one/a", tags: [2]);
        Keep("german", "one/b", tags: [1], primary: 7);
        Keep("french", "one/b", tags: [], primary: 7);
        _store.Add(new VaryEntry("vary"u8.ToArray(), 7, ["accept-language"u8.ToArray()]) { Place = Bytes("one/b")!, Primary = 7 });
        Assert.That(_store.Purge(new CachePurge(5) { Tag = 3 }), Is.Zero);

        Assert.That(_store.Purge(new CachePurge(5) { Tag = 1 }), Is.EqualTo(3));
        Assert.That((Has("plain"), Has("other"), Has("german"), Has("french"), _store.Peek("vary"u8, 7)), Is.EqualTo((false, true, false, false, (CacheEntry?)null)));
    }

    [Test]
    public void A_tag_of_a_host_leaves_that_of_others()
    {
        Keep("a", "one/a", tags: [1]);
        Keep("b", "two/a", tags: [1]);
        Assert.That(_store.Purge(new CachePurge(5) { Tag = 1, Host = Bytes("two") }), Is.EqualTo(1));
        Assert.That((Has("a"), Has("b")), Is.EqualTo((true, false)));
    }

    [Test]
    public void What_was_asked_for_before_is_not_kept_when_it_comes_later_and_all_else_is()
    {
        _store.Purge(new CachePurge(5) { Path = Bytes("/x") });
        _store.Purge(new CachePurge(7) { Tag = 1 });
        Keep("before", "one/x", askedAt: 4);
        Keep("meanwhile", "one/x", askedAt: 5);
        Keep("after", "one/x", askedAt: 6);
        Keep("elsewhere", "one/y", askedAt: 4);
        Keep("tagged", "one/z", askedAt: 6, tags: [1]);
        Keep("tagged after", "one/z", askedAt: 8, tags: [1]);

        Assert.That(string.Join(' ', new[] { "before", "meanwhile", "after", "elsewhere", "tagged", "tagged after" }.Where(Has)), Is.EqualTo("after elsewhere tagged after"));
    }

    [Test]
    public void What_was_asked_for_before_more_purges_than_are_remembered_is_not_kept_whatever_it_is()
    {
        for (var at = 1; at <= PurgeLog.Most + 10; at++)
        {
            _store.Purge(new CachePurge(at) { Tag = 1 });
        }

        Keep("long ago", "one/x", askedAt: 11);
        Keep("since", "one/x", askedAt: 12);
        Assert.That((Has("long ago"), Has("since")), Is.EqualTo((false, true)));
    }

    [Test]
    public void Nothing_that_comes_while_somebody_walks_stays()
    {
        const int Each = 5_000;
        var time = 0L;
        var adding = Enumerable.Range(0, 2).Select(adder => Task.Run(() =>
        {
            for (var at = 0; at < Each; at++)
            {
                Keep($"{adder} {at}", "one/x", askedAt: Interlocked.Increment(ref time));
            }
        })).ToArray();
        var last = 0L;
        while (!Task.WaitAll(adding, millisecondsTimeout: 0))
        {
            last = Interlocked.Read(ref time);
            _store.Purge(new CachePurge(last));
            Assert.That(_store.Purge(new CachePurge(last)), Is.Zero);
        }

        _store.Purge(new CachePurge(time));
        Assert.That((_store.Count, _store.Bytes), Is.EqualTo((0, 0)));
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.ASCII.GetBytes(text);

    private void Keep(string name, string place, long askedAt = 1, ulong[]? tags = null, ulong? primary = null)
    {
        var key = Encoding.ASCII.GetBytes(name);
        var hash = _store.HashOf(key);
        _store.Add(new CachedResponse(key, hash, [], [], ReadOnlySequence<byte>.Empty)
        {
            Place = Encoding.ASCII.GetBytes(place),
            Primary = primary ?? hash,
            Tags = tags ?? [],
            Status = 200,
            AskedAt = askedAt,
            ReceivedAt = askedAt,
            Age = 0,
            Lifetime = 60,
            IsForAll = true,
            Tag = default,
            ModifiedAt = -1,
        });
    }

    private bool Has(string name)
    {
        var key = Encoding.ASCII.GetBytes(name);
        return _store.Peek(key, _store.HashOf(key)) is not null;
    }
}
