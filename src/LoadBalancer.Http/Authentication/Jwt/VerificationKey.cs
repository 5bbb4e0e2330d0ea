using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// A key that tokens are verified with. The algorithm belongs to the key and not to the token: it verifies only what the file, its own kind and
/// its JWK all allow (RFC 8725 section 3.1). Immutable; each loop may use it at the same time.
/// </summary>
/// <param name="id">Its name (<c>kid</c>); null for none.</param>
/// <param name="algorithms">What it verifies.</param>
/// <param name="material">What makes it this key and no other, for comparisons; only a hash of it is kept.</param>
internal abstract class VerificationKey(string? id, JwtAlgorithms algorithms, ReadOnlySpan<byte> material)
{
    private readonly byte[] _digest = SHA256.HashData(material);

    /// <summary>Its name (<c>kid</c>); null for none.</summary>
    public string? Id => id;

    /// <summary>What it verifies.</summary>
    public JwtAlgorithms Algorithms => algorithms;

    /// <summary>True where the signature is this key's.</summary>
    /// <param name="algorithm">One of <see cref="Algorithms"/>.</param>
    /// <param name="signed">The bytes that were signed.</param>
    /// <param name="signature">The signature; of any length.</param>
    /// <param name="loop">The loop that asks: the platform's keys are not safe for several threads, so each has its own.</param>
    public abstract bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop);

    /// <summary>True where both verify the same tokens.</summary>
    public bool IsSameAs(VerificationKey other) => id == other.Id && algorithms == other.Algorithms && _digest.AsSpan().SequenceEqual(other._digest);
}
