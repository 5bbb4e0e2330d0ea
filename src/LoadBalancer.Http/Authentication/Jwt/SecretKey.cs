using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>A secret that the issuer and lb share: whoever has it can make tokens.</summary>
internal sealed class SecretKey : VerificationKey
{
    private readonly byte[] _secret;

    private SecretKey(string? id, JwtAlgorithms algorithms, byte[] secret)
        : base(id, algorithms, [(byte)'S', .. secret]) => _secret = secret;

    /// <summary>
    /// The key of a secret, or why there is none. It verifies only with hashes that are not longer than the secret (RFC 7518 section 3.2): a shorter
    /// one can be guessed from a single token, without asking anybody.
    /// </summary>
    public static (VerificationKey? Key, string? Flaw) Create(string? id, JwtAlgorithms algorithms, byte[] secret)
    {
        var possible = JwtAlgorithms.None;
        foreach (var one in (ReadOnlySpan<JwtAlgorithms>)[JwtAlgorithms.HS256, JwtAlgorithms.HS384, JwtAlgorithms.HS512])
        {
            possible |= secret.Length >= BytesOf(one) ? one : JwtAlgorithms.None;
        }

        var wanted = algorithms & JwtAlgorithms.OfSecrets;
        if ((wanted & possible) == JwtAlgorithms.None && wanted != JwtAlgorithms.None)
        {
            var least = wanted & (JwtAlgorithms)(-(int)wanted);
            return (null, $"has {secret.Length} bytes, and {least} needs {BytesOf(least)} of them (RFC 7518 section 3.2); 'openssl rand -base64 48' makes enough");
        }

        return (new SecretKey(id, wanted & possible, secret), null);
    }

    /// <inheritdoc/>
    public override bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop)
    {
        Span<byte> expected = stackalloc byte[64];
        expected = expected[..BytesOf(algorithm)];
        _ = algorithm switch
        {
            JwtAlgorithms.HS256 => HMACSHA256.HashData(_secret, signed, expected),
            JwtAlgorithms.HS384 => HMACSHA384.HashData(_secret, signed, expected),
            _ => HMACSHA512.HashData(_secret, signed, expected),
        };
        return CryptographicOperations.FixedTimeEquals(expected, signature);
    }

    private static int BytesOf(JwtAlgorithms algorithm) => algorithm switch
    {
        JwtAlgorithms.HS256 => 32,
        JwtAlgorithms.HS384 => 48,
        _ => 64,
    };
}
