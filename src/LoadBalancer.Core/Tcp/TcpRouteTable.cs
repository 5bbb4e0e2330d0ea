using System.Collections.Frozen;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tcp;

/// <summary>
/// Where a TCP listener's connections lead, by the server name that a client asks for: the exact name, else the longest
/// wildcard that ends it, else <see cref="Otherwise"/>. Immutable and thread-safe; a lookup allocates nothing.
/// </summary>
internal sealed class TcpRouteTable
{
    /// <summary>How a wildcard begins; it stands for one or more labels.</summary>
    private const string WildcardPrefix = "*.";

    private readonly TcpOptions _options;
    private readonly FrozenDictionary<string, Upstream> _exact;
    private readonly FrozenDictionary<string, Upstream>.AlternateLookup<ReadOnlySpan<char>> _bySuffix;
    private readonly bool _hasWildcards;

    /// <summary>The table of <paramref name="options"/>.</summary>
    /// <param name="options">What the file says; every name in it is defined.</param>
    /// <param name="upstreams">The upstreams by name.</param>
    public TcpRouteTable(TcpOptions options, IReadOnlyDictionary<string, Upstream> upstreams)
    {
        _options = options;
        Only = options.Upstream is { } only ? upstreams[only] : null;
        Otherwise = options.Otherwise is { } otherwise ? upstreams[otherwise] : null;
        Dictionary<string, Upstream> exact = new(StringComparer.Ordinal), wildcards = new(StringComparer.Ordinal);
        foreach (var (host, upstream) in options.Sni)
        {
            var isWildcard = host.StartsWith(WildcardPrefix, StringComparison.Ordinal);
            (isWildcard ? wildcards : exact).Add(isWildcard ? host[WildcardPrefix.Length..] : host, upstreams[upstream]);
        }

        _exact = exact.ToFrozenDictionary(StringComparer.Ordinal);
        _hasWildcards = wildcards.Count > 0;
        _bySuffix = wildcards.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>A table that leads every connection to <paramref name="only"/>.</summary>
    public TcpRouteTable(Upstream only)
        : this(new TcpOptions(only.Name), new Dictionary<string, Upstream> { [only.Name] = only })
    {
    }

    /// <summary>Who takes every connection, so that no name is asked for; null where names decide.</summary>
    public Upstream? Only { get; }

    /// <summary>Who takes the connections that no name leads on; null where they are closed.</summary>
    public Upstream? Otherwise { get; }

    /// <summary>The upstream for <paramref name="name"/>, which is lower case and has no dot at the end; null where none is to have it.</summary>
    public Upstream? Find(string name)
    {
        if (_exact.TryGetValue(name, out var upstream))
        {
            return upstream;
        }

        if (_hasWildcards)
        {
            // From the left, so that the longest one is met first.
            for (var dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
            {
                if (_bySuffix.TryGetValue(name.AsSpan(dot + 1), out upstream))
                {
                    return upstream;
                }
            }
        }

        return Otherwise;
    }

    /// <summary>Who takes a client that has asked for <paramref name="name"/>; null is none.</summary>
    public Upstream? For(string? name) => Only ?? (name is null ? Otherwise : Find(name));

    /// <summary>True where a table of these options over these upstreams would lead where this one does.</summary>
    public bool LeadsAs(TcpOptions options, IReadOnlyDictionary<string, Upstream> upstreams)
    {
        if (_options != options || (Only is not null && Only != upstreams[options.Upstream!]) || (Otherwise is not null && Otherwise != upstreams[options.Otherwise!]))
        {
            return false;
        }

        foreach (var (host, upstream) in options.Sni)
        {
            // A wildcard finds itself: a name that begins with '*' is no other's.
            if (Find(host) != upstreams[upstream])
            {
                return false;
            }
        }

        return true;
    }
}
