namespace LoadBalancer.Http.Caching;

/// <summary>
/// The latest purges, for what is on its way meanwhile: an answer that was asked for before one of them is not kept if it is what was given up. Thread-safe.
/// </summary>
internal sealed class PurgeLog
{
    /// <summary>How many are remembered. The oldest of so many stands for all before it too: of what was asked for before it, nothing is kept.</summary>
    public const int Most = 256;

    private readonly Live<CachePurge[]> _latest = new([]);
    private readonly Lock _adding = new();

    /// <summary>Remembers one.</summary>
    public void Add(CachePurge purge)
    {
        lock (_adding)
        {
            var latest = _latest.Current;
            _latest.Swap([.. latest.AsSpan(Math.Max(0, latest.Length + 1 - Most)), purge]);
        }
    }

    /// <summary>True where a response was given up before it was there. Costs a comparison where it was asked for after the last one.</summary>
    public bool Has(CachedResponse response)
    {
        var latest = _latest.Current;
        for (var at = latest.Length - 1; at >= 0 && response.AskedAt <= latest[at].At; at--)
        {
            if (latest[at].Matches(response) || (at == 0 && latest.Length == Most))
            {
                return true;
            }
        }

        return false;
    }
}
