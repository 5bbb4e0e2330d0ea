using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>A key on Ed25519 or Ed448 (RFC 8037). The platform has none of these, libcrypto has.</summary>
internal sealed class EdwardsKey : VerificationKey
{
    private readonly PublicKeyHandle _key;

    private EdwardsKey(string? id, JwtAlgorithms algorithms, byte[] point, PublicKeyHandle key)
        : base(id, algorithms, [(byte)'O', .. point]) => _key = key;

    /// <summary>True where this machine can verify with such keys.</summary>
    public static bool IsAvailable => OpenSslEngine.IsAvailable;

    /// <summary>The key of a point, or why there is none.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="algorithms">What the file and the JWK allow.</param>
    /// <param name="curve">The curve by its name in a JWK.</param>
    /// <param name="point">The point, encoded as RFC 8032 section 5.1.2 says.</param>
    public static (VerificationKey? Key, string? Flaw) Create(string? id, JwtAlgorithms algorithms, string curve, byte[] point)
    {
        if ((curve, point.Length) is not (("Ed25519", 32) or ("Ed448", 57)))
        {
            return (null, curve is "Ed25519" or "Ed448" ? $"is no key on {curve}: the point has another length" : "is on a curve other than Ed25519 and Ed448");
        }

        if (!IsAvailable)
        {
            return (null, $"is on {curve}, for which this machine needs libcrypto 3 (the package libssl3)");
        }

        var possible = curve == "Ed25519" ? JwtAlgorithms.OfEdwards : JwtAlgorithms.EdDSA;
        return PublicKeyHandle.TryCreate(curve.ToUpperInvariant(), point) is { } key
            ? (new EdwardsKey(id, algorithms & possible, point, key), null)
            : (null, $"is no key on {curve}");
    }

    /// <inheritdoc/>
    public override bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop) => _key.Verifies(signed, signature);
}
