using System.Text;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// Values by host, and for every host that a client may ask for the values that are meant, the most specific first: the exact host's,
/// those of its wildcards from the longest suffix on, and that of every host. Immutable, thread-safe.
/// </summary>
internal sealed class HostTable<T>
{
    private const int MostOnStack = 256;

    private readonly ByteMap _exact;
    private readonly ByteMap _suffixes;

    // By host, where its values begin: they lie one behind the other, and those for a host that is not named are the last.
    private readonly int[] _starts;
    private readonly T[] _values;

    /// <summary>A table of values by host: in lower case, exact or <c>*.</c> before a suffix, null for every host; none comes twice.</summary>
    public HostTable(IReadOnlyList<(string? Host, T Value)> entries)
    {
        var (exact, suffixes) = (new List<(string, int)>(entries.Count), new List<(string, int)>());
        var every = -1;
        for (var at = 0; at < entries.Count; at++)
        {
            switch (entries[at].Host)
            {
                case null:
                    every = at;
                    break;
                case ['*', '.', .. var suffix]:
                    suffixes.Add((suffix, at));
                    break;
                case { } host:
                    exact.Add((host, at));
                    break;
            }
        }

        (_exact, _suffixes) = (new ByteMap(exact), new ByteMap(suffixes));
        _starts = new int[entries.Count + 2];
        var values = new List<T>(entries.Count);
        for (var at = 0; at <= entries.Count; at++)
        {
            var host = at < entries.Count ? entries[at].Host : null;
            if (host is not null)
            {
                AddValues(host, at, entries, values);
            }

            // Behind the last host is what is meant for others; that of every host is not looked up by its own number.
            if (every >= 0 && at != every)
            {
                values.Add(entries[every].Value);
            }

            _starts[at + 1] = values.Count;
        }

        _values = [.. values];
    }

    /// <summary>The values for a host in lower case, without a port.</summary>
    public ReadOnlySpan<T> Find(ReadOnlySpan<byte> host)
    {
        var found = _exact.Find(host);
        found = found < 0 && !_suffixes.IsEmpty ? FindSuffix(host) : found;
        var starts = _starts;
        found = found < 0 ? starts.Length - 2 : found;
        var start = starts[found];
        return _values.AsSpan(start, starts[found + 1] - start);
    }

    // The longest first; a host has few labels.
    private int FindSuffix(ReadOnlySpan<byte> host)
    {
        var found = -1;
        for (var dot = host.IndexOf((byte)'.'); dot > 0 && found < 0; dot = host.IndexOf((byte)'.'))
        {
            host = host[(dot + 1)..];
            found = _suffixes.Find(host);
        }

        return found;
    }

    // A wildcard's own values are the first of its chain: "*.b.c" is no name below "*.b.c", but "x.b.c" is.
    private void AddValues(string host, int at, IReadOnlyList<(string? Host, T Value)> entries, List<T> values)
    {
        if (!host.StartsWith('*'))
        {
            values.Add(entries[at].Value);
        }

        Span<byte> letters = host.Length <= MostOnStack ? stackalloc byte[host.Length] : new byte[host.Length];
        Encoding.ASCII.GetBytes(host, letters);
        for (var dot = letters.IndexOf((byte)'.'); dot >= 0; dot = letters.IndexOf((byte)'.'))
        {
            letters = letters[(dot + 1)..];
            if (_suffixes.Find(letters) is var wildcard and >= 0)
            {
                values.Add(entries[wildcard].Value);
            }
        }
    }
}
