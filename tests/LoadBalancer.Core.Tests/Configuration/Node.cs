using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

/// <summary>Nodes as a file would give them, built by hand: text for a string, a list for an array, a map for pairs.</summary>
internal static class Node
{
    public static ConfigNode Of(object value, string label = "lamp") => value switch
    {
        string text => new ScalarNode(new SourceSpan("lb.yaml", 1, 1), label, text),
        object[] items => new ListNode(new SourceSpan("lb.yaml", 1, 1), label, [.. items.Select(item => Of(item, label))]),
        (string, object)[] pairs => Map(label, pairs),
        _ => throw new ArgumentException("A string, an array or pairs.", nameof(value)),
    };

    public static MapNode Map(string label, params (string Key, object Value)[] pairs) => new(
        new SourceSpan("lb.yaml", 1, 1), label,
        [.. pairs.Select((pair, index) => new MapEntry(pair.Key, new SourceSpan("lb.yaml", index + 2, 1), Of(pair.Value, pair.Key)))]);
}
