using LoadBalancer.Configuration;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Tests.RateLimiting;

internal sealed class LimitTableTests
{
    [TestCase("pro default anonymous", "pro", "pro")]
    [TestCase("pro default anonymous", "default", "default")]
    [TestCase("pro default anonymous", "free", "default")]
    [TestCase("pro default anonymous", "anonymous", "anonymous")]
    [TestCase("pro default", "anonymous", "default")]
    [TestCase("pro anonymous", "default", "anonymous", Description = "nobody vouches for more")]
    [TestCase("pro anonymous", "free", null)]
    [TestCase("pro", "default", null)]
    public void Everybody_has_one_entry(string entries, string plan, string? entry) => Assert.That(
        new LimitTable(null, new ValueMap<LimitRule>(entries.Split(' ').Select(name => KeyValuePair.Create(name, new LimitRule { Rate = new Rate(1, TimeSpan.FromSeconds(1)) })))).EntryOf(plan),
        Is.EqualTo(entry));

    [TestCase("5/min", "5/min")]
    [TestCase("{rate: 100/s, burst: 200}", "100/s burst 200")]
    [TestCase("{quota: 50000/month}", "50000/month")]
    [TestCase("{free: 5/min, default: {quota: 9/day}}", "{free: 5/min, default: {quota: 9/day}}")]
    public void It_is_told_as_it_is_written(string written, string told)
    {
        var reader = new ConfigReader();
        var table = LimitTable.Kind.Read(Node(written), null!, reader);
        Assert.That((reader.Errors.Count, LimitTable.Kind.Describe(table)), Is.EqualTo((0, told)));
    }

    [TestCase("{pro: {rate: off}, default: 5/min}", "'limit' needs 'rate' or 'quota': a limit has no 'off'; leave it out of the routes whose callers it is not for")]
    [TestCase("{pro: off, default: 5/min}", "'limit' needs 'rate' or 'quota': a limit has no 'off'; leave it out of the routes whose callers it is not for")]
    [TestCase("{rate: off}", "'limit' needs 'rate' or 'quota': a limit has no 'off'; leave it out of the routes whose callers it is not for")]
    [TestCase("{quota: off}", "'limit' needs 'rate' or 'quota': a limit has no 'off'; leave it out of the routes whose callers it is not for")]
    [TestCase("{rate: off, quota: off}", "'limit' needs 'rate' or 'quota': a limit has no 'off'; leave it out of the routes whose callers it is not for")]
    public void What_limits_nobody_is_no_limit(string written, string error)
    {
        var reader = new ConfigReader();
        Assert.That(LimitTable.Kind.Attempt(Node(written), null!, reader, out _), Is.EqualTo(ReadOutcome.Failed));
        Assert.That(reader.Errors.Select(each => each.Message), Is.EqualTo(new[] { error }));
    }

    [Test]
    public void A_rule_that_cannot_be_read_is_one_error()
    {
        var reader = new ConfigReader();
        LimitTable.Kind.Attempt(Node("{rate: 5/day}"), null!, reader, out _);
        Assert.That(reader.Errors, Has.Count.EqualTo(1));
    }

    private static ConfigNode Node(string text)
    {
        var span = SourceSpan.Whole("lb.yaml");
        if (text[0] != '{')
        {
            return new ScalarNode(span, "limit", text);
        }

        var entries = new List<MapEntry>();
        foreach (var (key, value) in Entries(text[1..^1]))
        {
            entries.Add(new MapEntry(key, span, Node(value)));
        }

        return new MapNode(span, "limit", entries);
    }

    private static IEnumerable<(string Key, string Value)> Entries(string text)
    {
        for (int at = 0, depth = 0, start = 0; at <= text.Length; at++)
        {
            depth += at < text.Length && text[at] == '{' ? 1 : at < text.Length && text[at] == '}' ? -1 : 0;
            if (at == text.Length || (text[at] == ',' && depth == 0))
            {
                var pair = text[start..at].Split(": ", 2);
                yield return (pair[0].Trim(), pair[1]);
                start = at + 1;
            }
        }
    }
}
