using System.Text;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// Values by host, and for every host that a client may ask for the values that are meant, the most specific first: the exact host's,
/// those of its wildcards from the longest suffix on, and that of every host. Immutable, thread-safe.
/// </summary>
internal sealed class HostTable<T>
{
    private readonly ByteMap _exact;
    private readonly ByteMap _suffixes;
    private readonly T[][] _chains;
    private readonly T[] _others;

    /// <summary>A table of values by host: in lower case, exact or <c>*.</c> before a suffix, null for every host; none comes twice.</summary>
    public HostTable(IReadOnlyCollection<(string? Host, T Value)> entries)
    {
        var every = entries.Where(entry => entry.Host is null).Select(entry => entry.Value).ToArray();
        var wildcards = entries.Where(entry => entry.Host?.StartsWith('*') == true)
            .OrderByDescending(entry => entry.Host!.Length)
            .ToArray();
        var named = entries.Where(entry => entry.Host is not null).ToArray();
        _others = every;
        // A wildcard's own values are the first of its chain: "*.b.c" is no name below "*.b.c", but "x.b.c" is.
        _chains = [.. named.Select(entry => (T[])[
            .. entry.Host!.StartsWith('*') ? [] : (T[])[entry.Value],
            .. wildcards.Where(wildcard => IsBelow(entry.Host!, wildcard.Host!)).Select(wildcard => wildcard.Value),
            .. every])];
        _exact = Map(named, host => !host.StartsWith('*'), 0);
        _suffixes = Map(named, host => host.StartsWith('*'), "*.".Length);
    }

    /// <summary>The values for a host in lower case, without a port; the array is shared.</summary>
    public T[] Find(ReadOnlySpan<byte> host)
    {
        var found = _exact.Find(host);
        if (found >= 0)
        {
            return _chains[found];
        }

        // The longest suffix first; a host has few labels.
        for (var dot = host.IndexOf((byte)'.'); dot > 0; dot = host.IndexOf((byte)'.'))
        {
            host = host[(dot + 1)..];
            found = _suffixes.Find(host);
            if (found >= 0)
            {
                return _chains[found];
            }
        }

        return _others;
    }

    /// <summary>True where whatever <paramref name="host"/> means, a name or a wildcard, is meant by <paramref name="wildcard"/>.</summary>
    private static bool IsBelow(string host, string wildcard) => host.EndsWith(wildcard[1..], StringComparison.Ordinal) && host.Length > wildcard.Length - 1;

    private static ByteMap Map((string? Host, T Value)[] entries, Func<string, bool> isMeant, int skipped) => new(
        // Rule zero: LINQ, because a table is built once for a configuration; of a generic type the rule cannot see that only its constructor asks.
        [.. entries.Select((entry, index) => (Host: entry.Host!, Index: index)).Where(entry => isMeant(entry.Host)).Select(entry => (Encoding.ASCII.GetBytes(entry.Host[skipped..]), entry.Index))]);
}
