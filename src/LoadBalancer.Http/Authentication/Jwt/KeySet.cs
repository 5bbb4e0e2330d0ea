using System.Collections.Immutable;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>The keys of an issuer. Immutable and thread-safe.</summary>
internal sealed class KeySet
{
    /// <summary>How many keys are tried for one token: one that names its key has one or two, and each try costs as much as a request.</summary>
    public const int MostTries = 4;

    private readonly Dictionary<string, VerificationKey[]> _byId;
    private readonly Dictionary<string, VerificationKey[]>.AlternateLookup<ReadOnlySpan<char>> _find;
    private readonly VerificationKey[] _unnamed;

    /// <summary>A set of these keys.</summary>
    public KeySet(ImmutableArray<VerificationKey> keys)
    {
        Keys = keys;
        _byId = keys.Where(key => key.Id is not null).GroupBy(key => key.Id!, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        _find = _byId.GetAlternateLookup<ReadOnlySpan<char>>();
        _unnamed = [.. keys.Where(key => key.Id is null)];
    }

    /// <summary>All keys.</summary>
    public ImmutableArray<VerificationKey> Keys { get; }

    /// <summary>
    /// The keys that may have signed a token: those of the name that it gives, exactly as it is written. Where none has it, those without a name;
    /// and where it gives none, all.
    /// </summary>
    /// <param name="id">The token's <c>kid</c>.</param>
    /// <param name="hasId">False where it has none.</param>
    public ReadOnlySpan<VerificationKey> Find(ReadOnlySpan<char> id, bool hasId) =>
        !hasId ? Keys.AsSpan() : _find.TryGetValue(id, out var named) ? named : _unnamed;

    /// <summary>True where every key of <paramref name="other"/> is here too: what was verified with them still is.</summary>
    public bool HasAllOf(KeySet other) => other.Keys.All(key => Keys.Any(key.IsSameAs));
}
