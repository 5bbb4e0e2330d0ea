using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class IdentityCacheTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Remembers_whose_a_credential_is_until_its_time_is_over()
    {
        var cache = New();
        cache.Set("token"u8, Someone("anna"), Now + 60);

        Assert.That(Find(cache, "token"), Is.EqualTo("anna"));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.That(Find(cache, "token"), Is.EqualTo("anna"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Find(cache, "token"), Is.Null);
    }

    [Test]
    public void Never_remembers_longer_than_the_identity_lasts()
    {
        var cache = New();
        cache.Set("token"u8, Someone("anna", expiresAt: Now + 10), Now + 3600);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.That(Find(cache, "token"), Is.Null);
    }

    [Test]
    public void Does_not_take_what_is_over_already()
    {
        var cache = New();
        cache.Set("token"u8, Someone("anna", expiresAt: Now), Now + 60);
        cache.SetRefusal("other"u8, FaultKind.TokenInactive, Now);

        Assert.That(cache.Count, Is.Zero);
    }

    [Test]
    public void Remembers_refusals_and_replaces_them()
    {
        var cache = New();
        cache.SetRefusal("token"u8, FaultKind.TokenInactive, Now + 60);
        Assert.That(cache.TryGet("token"u8, out var nobody, out var refusal) && nobody is null, Is.True);
        Assert.That(refusal, Is.EqualTo(FaultKind.TokenInactive));

        cache.Set("token"u8, Someone("anna"), Now + 60);
        Assert.That(Find(cache, "token"), Is.EqualTo("anna"));
        Assert.That(cache.Count, Is.EqualTo(1));
    }

    [Test]
    public void Forgets_one_without_the_others()
    {
        var cache = New();
        cache.Set("one"u8, Someone("anna"), Now + 60);
        cache.Set("two"u8, Someone("bert"), Now + 60);
        cache.Remove("one"u8);

        Assert.That((Find(cache, "one"), Find(cache, "two")), Is.EqualTo(((string?)null, "bert")));
    }

    [TestCase("token", "token ")]
    [TestCase("token", "tokem")]
    [TestCase("token", "")]
    [TestCase("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdeg")]
    [TestCase("0123456789abcdef0123456789abcdef", "0123456789abcdef\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]
    public void Tells_credentials_apart_by_every_byte(string one, string other)
    {
        var cache = New();
        cache.Set(Encoding.UTF8.GetBytes(one), Someone("anna"), Now + 60);

        Assert.That((Find(cache, one), Find(cache, other)), Is.EqualTo(("anna", (string?)null)));
    }

    [Test]
    public void Never_holds_more_entries_than_it_may([Values(1, 3, 8, 100, 1000)] int most)
    {
        var cache = new IdentityCache(most, long.MaxValue, _time, new Random(1));
        for (var at = 0; at < most * 10; at++)
        {
            cache.Set(Encoding.UTF8.GetBytes($"token {at}"), Someone("anna"), Now + 60);
        }

        Assert.That(cache.Count, Is.LessThanOrEqualTo(most));
        Assert.That(Find(cache, $"token {(most * 10) - 1}"), Is.EqualTo("anna"), "the newest is there always");
    }

    [Test]
    public void Never_weighs_more_than_it_may_and_forgets_all_weight_with_the_entries()
    {
        const int Most = 1_000_000;
        var cache = new IdentityCache(100_000, Most, _time, new Random(1));
        var chance = new Random(2);
        var credentials = new List<byte[]>();
        for (var at = 0; at < 5_000; at++)
        {
            var credential = new byte[chance.Next(10, 2_000)];
            chance.NextBytes(credential);
            credentials.Add(credential);
            cache.Set(credential, Someone("anna"), Now + 60);
            Assert.That(cache.Bytes, Is.LessThanOrEqualTo(Most));
        }

        Assert.That(cache.Bytes, Is.GreaterThan(Most / 2), "it uses what it may");
        credentials.ForEach(credential => cache.Remove(credential));
        Assert.That((cache.Bytes, cache.Count), Is.EqualTo((0L, 0)));
    }

    [Test]
    public void An_entry_that_is_too_large_for_it_is_not_taken()
    {
        var cache = new IdentityCache(8, 2_000, _time, new Random(1));
        cache.Set(new byte[4_000], Someone("anna"), Now + 60);

        Assert.That(cache.Count, Is.Zero);
    }

    [Test]
    public void What_is_used_outlives_what_is_not()
    {
        var cache = new IdentityCache(8, long.MaxValue, _time, new Random(1));
        cache.Set("used"u8, Someone("anna"), Now + 3600);
        for (var at = 0; at < 100; at++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.That(Find(cache, "used"), Is.EqualTo("anna"));
            cache.Set(Encoding.UTF8.GetBytes($"other {at}"), Someone("bert"), Now + 3600);
        }
    }

    [Test]
    public void A_million_distinct_tokens_stay_in_bounded_memory()
    {
        const int Tokens = 1_000_000;
        const long Most = 16L << 20;
        var cache = new IdentityCache(64 * 1024, Most, _time, new Random(1));
        var identity = Someone("anna");
        var credential = new byte[400];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var at = 0; at < Tokens; at++)
        {
            BitConverter.TryWriteBytes(credential, at);
            cache.Set(credential, identity, Now + 3600);
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.That(grown, Is.LessThan(Most), "what an entry is said to weigh is not less than what it takes");
        Assert.That(cache.Bytes, Is.LessThanOrEqualTo(Most));
        GC.KeepAlive(cache);
    }

    [Test]
    public void A_hit_allocates_nothing()
    {
        var cache = New();
        var credential = new byte[800];
        cache.Set(credential, Someone("anna"), Now + 60);

        Assert.That(Allocations.Of(() => cache.TryGet(credential, out _, out _)), Is.Zero);
        Assert.That(Allocations.Of(() => cache.TryGet("nobody"u8, out _, out _)), Is.Zero);
    }

    [Test]
    public void Readers_see_whole_entries_while_writers_replace_them()
    {
        var cache = new IdentityCache(16, long.MaxValue, _time, new Random(1));
        var names = Enumerable.Range(0, 64).Select(at => $"caller-{at}").ToArray();
        var wrong = 0;
        Parallel.For(0, 8, worker =>
        {
            var chance = new Random(worker);
            for (var turn = 0; turn < 20_000; turn++)
            {
                var name = names[chance.Next(names.Length)];
                var credential = Encoding.UTF8.GetBytes(name);
                if (turn % 4 == 0)
                {
                    cache.Set(credential, Someone(name), Now + 60);
                }
                else if (cache.TryGet(credential, out var identity, out _) && identity?.Subject != name)
                {
                    Interlocked.Increment(ref wrong);
                }
            }
        });

        Assert.That(wrong, Is.Zero);
    }

    private static string? Find(IdentityCache cache, string credential) =>
        cache.TryGet(Encoding.UTF8.GetBytes(credential), out var identity, out _) ? identity?.Subject : null;

    private static Identity Someone(string subject, long expiresAt = long.MaxValue) => new()
    {
        Provider = "test",
        Subject = subject,
        ExpiresAt = expiresAt,
        Claims = new Dictionary<string, ImmutableArray<string>> { ["sub"] = [subject] }.ToFrozenDictionary(),
    };

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    private IdentityCache New() => new(1024, 1 << 20, _time, new Random(1));
}
