using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;

namespace LoadBalancer.Tls;

/// <summary>
/// Which certificate is shown for which name (RFC 6066 section 3). Deterministic: the exact name wins, then a wildcard of one label; of two
/// certificates for one name the first in the file; who asks for no name, or for one that nobody has, gets the first of all (trap 48). Immutable.
/// </summary>
internal sealed class CertificateTable
{
    /// <summary>The longest name that is looked up, in bytes.</summary>
    private const int MostNameBytes = 255;

    private readonly ImmutableArray<ServerCertificate> _certificates;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _exact;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wildcards;

    /// <summary>A table of <paramref name="certificates"/>, the default first.</summary>
    public CertificateTable(ImmutableArray<ServerCertificate> certificates)
    {
        _certificates = certificates;
        var exact = new Dictionary<string, int>(StringComparer.Ordinal);
        var wildcards = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var at = 0; at < certificates.Length; at++)
        {
            foreach (var name in certificates[at].Names)
            {
                var isWildcard = name.StartsWith("*.", StringComparison.Ordinal);
                (isWildcard ? wildcards : exact).TryAdd(isWildcard ? name[2..] : name, at);
            }
        }

        _exact = exact.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _wildcards = wildcards.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>How many certificates there are.</summary>
    public int Count => _certificates.Length;

    /// <summary>
    /// What may be shown to a client for which <paramref name="certificate"/> was found: itself, and for each other kind of key the first one
    /// behind it that is for all of its names too.
    /// </summary>
    public ImmutableArray<ServerCertificate> Alternatives(ServerCertificate certificate) =>
    [
        certificate,
        .. _certificates.SkipWhile(other => !ReferenceEquals(other, certificate)).Where(other => other.StandsFor(certificate)).DistinctBy(other => other.KeyKind),
    ];

    /// <summary>The number of the certificate for <paramref name="name"/>, in the order of the file; -1 where none is for it.</summary>
    /// <param name="name">A host name in ASCII, in whatever case, without a dot at its end.</param>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MostNameBytes)
        {
            return -1;
        }

        Span<char> text = stackalloc char[name.Length];
        if (Ascii.ToLower(name, text, out _) != System.Buffers.OperationStatus.Done)
        {
            return -1;
        }

        if (_exact.TryGetValue(text, out var found))
        {
            return found;
        }

        var dot = text.IndexOf('.');
        return dot > 0 && _wildcards.TryGetValue(text[(dot + 1)..], out found) ? found : -1;
    }
}
