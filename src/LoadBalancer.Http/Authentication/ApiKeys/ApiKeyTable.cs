using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>The keys that a provider knows, by their hash. Immutable and thread-safe.</summary>
internal sealed class ApiKeyTable
{
    private readonly Dictionary<KeyHash, ApiKey> _keys;

    /// <summary>The keys of consumers, and those of a key file that were checked.</summary>
    /// <param name="consumers">The callers that lb.yaml declares.</param>
    /// <param name="records">The keys of the file.</param>
    public ApiKeyTable(ValueMap<ConsumerOptions> consumers, IReadOnlyCollection<ApiKeyRecord> records)
    {
        Records = records.Count;
        _keys = new Dictionary<KeyHash, ApiKey>(records.Count);
        foreach (var (name, consumer) in consumers)
        {
            foreach (var hash in consumer.ApiKeys)
            {
                _keys[hash] = new ApiKey { Subject = name, Plan = consumer.Plan, Roles = consumer.Roles, Scopes = consumer.Scopes };
            }
        }

        foreach (var record in records)
        {
            var consumer = record.Consumer is { } name ? consumers.GetValueOrDefault(name) : null;
            _keys[record.Hash] = new ApiKey
            {
                Id = record.Id,
                Subject = record.Consumer ?? record.Subject ?? record.Id,
                Plan = record.Plan ?? consumer?.Plan,
                Roles = record.Roles.Count > 0 ? record.Roles : consumer?.Roles ?? [],
                Scopes = record.Scopes.Count > 0 ? record.Scopes : consumer?.Scopes ?? [],
                ExpiresAt = record.Expires?.ToUnixTimeSeconds() ?? long.MaxValue,
                Revoked = record.Revoked,
            };
        }
    }

    /// <summary>How many of them the file has.</summary>
    public int Records { get; }

    /// <summary>The key of that hash; null where there is none.</summary>
    public ApiKey? Find(KeyHash hash) => _keys.GetValueOrDefault(hash);
}
