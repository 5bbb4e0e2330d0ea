using System.Text.Json.Nodes;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>The kind of the file's <c>rate_limits.NAME.limit</c>: a rule, or a map from plans to rules. A map with a key of a rule is one.</summary>
internal sealed class LimitTableKind : Kind<LimitTable>
{
    private static readonly Kind<LimitRule> Rule = Kinds.Record<LimitRule>();

    /// <inheritdoc/>
    public override string Noun => $"{Kinds.Rate.Expected}, a map with the keys rate, burst, quota, or a map from plans to such rules";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape Nested => LimitRule.Shape;

    /// <inheritdoc/>
    public override string? Print(LimitTable value) => null;

    /// <inheritdoc/>
    public override string Describe(LimitTable value) => value?.All is { } rule ? rule.ToString() : value is null ? "none" : MapKind.Describe(value.ByPlan, Rule);

    /// <inheritdoc/>
    public override void Compare(LimitTable before, LimitTable after, string path, ICollection<OptionChange> changes)
    {
        if (before is { All: null } && after is { All: null })
        {
            MapKind.Compare(before.ByPlan, after.ByPlan, Rule, path, changes);
        }
        else
        {
            base.Compare(before, after, path, changes);
        }
    }

    /// <inheritdoc/>
    public override string? Advice(string text) => Kinds.Rate.Advice(text);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(
            Rule.ToSchema(definitions),
            new JsonObject
            {
                ["type"] = "object",
                ["minProperties"] = 1,
                ["propertyNames"] = new JsonObject { ["pattern"] = $"^{MapKind.NamePattern}$", ["not"] = new JsonObject { ["enum"] = new JsonArray([.. LimitRule.Shape.Keys.Select(key => key.Name)]) } },
                ["additionalProperties"] = Rule.ToSchema(definitions),
            }),
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, LimitTable start, ConfigReader reader, out LimitTable value)
    {
        value = start;
        if (node is not MapNode map || map.Entries.Any(entry => LimitRule.Shape.Keys.Any(key => key.Name == entry.Key)))
        {
            var outcome = Read(node, reader, out var rule);
            value = outcome == ReadOutcome.Read ? LimitTable.Of(rule) : start;
            return outcome;
        }

        if (map.Entries.Count == 0)
        {
            reader.Error(map.Span, $"{ScalarNode.Quote(map.Label)} needs at least one entry: {Noun}");
            return ReadOutcome.Failed;
        }

        var rules = new List<KeyValuePair<string, LimitRule>>();
        foreach (var entry in map.Entries)
        {
            if (!MapKind.Name.IsMatch(entry.Key))
            {
                reader.Error(entry.Place, $"the name of a plan is letters, digits, '_', '-' and '.', at most 64 of them, not {ScalarNode.Quote(entry.Key)}");
            }
            else if (Attempt(entry.Value, reader, out var rule) == ReadOutcome.Read)
            {
                rules.Add(KeyValuePair.Create(entry.Key, rule));
            }
        }

        value = new LimitTable(null, new ValueMap<LimitRule>(rules));
        return rules.Count == map.Entries.Count ? ReadOutcome.Read : ReadOutcome.Failed;
    }

    private static ReadOutcome Attempt(ConfigNode node, ConfigReader reader, out LimitRule rule)
    {
        var errors = reader.Errors.Count;
        var outcome = Rule.Attempt(node, new LimitRule(), reader, out rule);
        return outcome == ReadOutcome.Read && !IsWhole(node, rule, reader, wasReported: reader.Errors.Count > errors) ? ReadOutcome.Failed : outcome;
    }

    private static ReadOutcome Read(ConfigNode node, ConfigReader reader, out LimitRule rule)
    {
        rule = new LimitRule();
        if (node is not MapNode)
        {
            var outcome = Kinds.Rate.Attempt(node, default, reader, out var rate);
            rule = rule with { Rate = rate };
            return outcome;
        }

        return Attempt(node, reader, out rule);
    }

    // What has errors of its own is no rule, and was reported. What is neither a rule nor an error would be a limit that limits nobody, and nobody told.
    private static bool IsWhole(ConfigNode node, LimitRule rule, ConfigReader reader, bool wasReported)
    {
        var map = node as MapNode;
        if (rule is { Rate: not null, Quota: not null } && map?.Find("quota") is { } quota)
        {
            reader.Error(quota.Place, $"{ScalarNode.Quote(node.Label)} has either 'rate' or 'quota'; for both, let the route name two limits");
            return false;
        }

        if (rule is { Rate: null, Burst: > 0 } && map?.Find("burst") is { } burst)
        {
            reader.Error(burst.Place, "'burst' is what may come at once beside a 'rate', and there is none");
            return false;
        }

        if (rule is { Rate: null, Quota: null })
        {
            if (!wasReported)
            {
                reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} needs 'rate' or 'quota'{(IsOff(node, map) ? ": a limit has no 'off'; leave it out of the routes whose callers it is not for" : "")}");
            }

            return false;
        }

        return true;
    }

    private static bool IsOff(ConfigNode node, MapNode? map) => map is null ? node is ScalarNode { IsEmpty: false } : map.Find("rate") is not null || map.Find("quota") is not null;
}
