using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication;

/// <summary>One entry of an <see cref="IdentityCache"/>: what is known of a credential. Immutable but for when it was last used.</summary>
internal sealed class CachedIdentity
{
    // Of the objects themselves, on a machine of 64 bits: headers, references, and the table that holds them.
    private const int EntryBytes = 160;
    private const int IdentityBytes = 400;
    private const int ClaimBytes = 120;
    private const int TextBytes = 32;

    /// <summary>The credential's hash.</summary>
    public required ulong Hash { get; init; }

    /// <summary>The credential itself.</summary>
    public required byte[] Credential { get; init; }

    /// <summary>Whose it is; null where it is refused.</summary>
    public required Identity? Identity { get; init; }

    /// <summary>Why it is refused; <see cref="FaultKind.None"/> where it is not.</summary>
    public required FaultKind Refusal { get; init; }

    /// <summary>The second from which on it is not true any more, in Unix time.</summary>
    public required long Until { get; init; }

    /// <summary>The second in which it was used last, in Unix time. Any thread; whose write wins means nothing.</summary>
    public required long Used { get; set; }

    /// <summary>About how many bytes it takes.</summary>
    public int Weight => field != 0 ? field : field = EntryBytes + Credential.Length + WeightOf(Identity);

    private static int WeightOf(Identity? identity)
    {
        if (identity is null)
        {
            return 0;
        }

        var bytes = IdentityBytes;
        foreach (var (name, values) in identity.Claims)
        {
            bytes += ClaimBytes + (2 * name.Length);
            foreach (var value in values)
            {
                bytes += TextBytes + (2 * value.Length);
            }
        }

        foreach (var forwarded in identity.Forwarded)
        {
            bytes += ClaimBytes + forwarded.Name.Length + forwarded.Value.Length;
        }

        return bytes;
    }
}
