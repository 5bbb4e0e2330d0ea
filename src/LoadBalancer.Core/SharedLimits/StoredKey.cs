using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Limits;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// What the store knows a limit's callers by: <c>lb:NAME:PLAN:{HASH}:KIND</c>. Who called cannot be read there, and in a cluster all that is kept of a caller is in one
/// place, so that it may be asked about at once. Immutable.
/// </summary>
internal sealed class StoredKey
{
    private const int HashBytes = 16;

    private readonly byte[] _prefix;
    private readonly byte[] _suffix;

    /// <summary>The keys of a limit.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="kind">How its counts are kept.</param>
    public StoredKey(LimitSpec spec, string kind) => (_prefix, _suffix) = (Encoding.UTF8.GetBytes($"lb:{spec.Name}:{spec.Plan}:{{"), Encoding.ASCII.GetBytes($"}}:{kind}"));

    /// <summary>How long each is, in bytes.</summary>
    public int Length => _prefix.Length + (2 * HashBytes) + _suffix.Length;

    /// <summary>Writes a caller's.</summary>
    /// <param name="text">What all instances know the caller by.</param>
    /// <param name="key"><see cref="Length"/> bytes.</param>
    public void Write(ReadOnlySpan<byte> text, Span<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        _prefix.CopyTo(key);
        Convert.TryToHexStringLower(hash[..HashBytes], key[_prefix.Length..], out _);
        _suffix.CopyTo(key[(_prefix.Length + (2 * HashBytes))..]);
    }
}
