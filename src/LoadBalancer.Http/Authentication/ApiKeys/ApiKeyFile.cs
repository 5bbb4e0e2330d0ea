using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>A key file: a list of keys in the syntax of lb.yaml, with no more of each than its hash.</summary>
internal static class ApiKeyFile
{
    /// <summary>Its greatest length: some 100,000 keys with all that may be said of them.</summary>
    public const int MostBytes = 32_000_000;

    /// <summary>How many values it may hold, keys counted too.</summary>
    public const int MostValues = 2_000_000;

    /// <summary>The keys of a file, each with its place; those with errors are left out, and the errors told.</summary>
    /// <param name="list">The file.</param>
    /// <param name="reader">Takes the errors.</param>
    public static IReadOnlyList<(ApiKeyRecord Key, MapNode Node)> Read(ListNode list, ConfigReader reader)
    {
        var keys = new List<(ApiKeyRecord, MapNode)>(list.Items.Count);
        var ids = new Dictionary<string, SourceSpan>(StringComparer.Ordinal);
        var hashes = new Dictionary<KeyHash, SourceSpan>();
        foreach (var item in list.Items)
        {
            if (item is not MapNode map)
            {
                reader.Error(item.Span, $"a key is a map with 'id' and 'hash', not {(item is ScalarNode ? "a text" : item.Found)}");
                continue;
            }

            var before = reader.Errors.Count;
            var key = ApiKeyRecord.Shape.Read(new MapNode(map.Span, "a key", map.Entries), ApiKeyRecord.Shape.Blank(), reader);
            if (reader.Errors.Count > before || reader.IsFull)
            {
                continue;
            }

            if (key.Consumer is not null && key.Subject is not null)
            {
                reader.Error(map.Find("subject")!.Place, "a key has either 'consumer' or 'subject'");
            }

            if (!ids.TryAdd(key.Id, map.Span))
            {
                reader.Error(map.Find("id")!.Value.Span, $"a key is called {ScalarNode.Quote(key.Id)} already, at {ids[key.Id]}");
            }

            if (!hashes.TryAdd(key.Hash, map.Span))
            {
                reader.Error(map.Find("hash")!.Value.Span, $"the same key stands at {hashes[key.Hash]} already");
            }

            keys.Add((key, map));
        }

        return keys;
    }

    /// <summary>Whether the keys fit what lb.yaml says of consumers; what does not is told.</summary>
    public static void Check(IReadOnlyList<(ApiKeyRecord Key, MapNode Node)> keys, ValueMap<ConsumerOptions> consumers, ConfigReader reader)
    {
        var declared = consumers.SelectMany(consumer => consumer.Value.ApiKeys.Select(hash => (hash, consumer.Key))).DistinctBy(entry => entry.hash).ToDictionary();
        foreach (var (key, node) in keys)
        {
            if (key.Consumer is { } name && !consumers.ContainsKey(name))
            {
                reader.Error(
                    node.Find("consumer")!.Value.Span,
                    $"no consumer is called {ScalarNode.Quote(name)} in lb.yaml{NearestName.Suggest(name, consumers.Keys)}; for somebody who is none write 'subject'");
            }

            if (declared.TryGetValue(key.Hash, out var other))
            {
                reader.Error(node.Find("hash")!.Value.Span, $"the same key is one of the 'api_keys' of the consumer '{other}' in lb.yaml: leave it in one place");
            }
        }
    }
}
