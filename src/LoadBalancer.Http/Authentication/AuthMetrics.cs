using System.Collections.Concurrent;

namespace LoadBalancer.Http.Authentication;

/// <summary>What the providers of a file have answered since the process started, by their names. It outlives reloads. Thread-safe.</summary>
/// <param name="loops">How many loops count.</param>
internal sealed class AuthMetrics(int loops)
{
    private readonly ConcurrentDictionary<string, AuthCounts> _counts = new(StringComparer.Ordinal);

    /// <summary>Who has counted, in the order of their names.</summary>
    public IEnumerable<AuthCounts> All => _counts.Values.OrderBy(counts => counts.Provider, StringComparer.Ordinal);

    /// <summary>Where a provider counts; the same for the same name.</summary>
    public AuthCounts Of(string provider) => _counts.GetOrAdd(provider, static (name, count) => new AuthCounts(name, count), loops);
}
