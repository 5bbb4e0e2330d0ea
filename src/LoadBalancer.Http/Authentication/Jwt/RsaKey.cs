using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>An RSA key, of 2048 to 8192 bits (RFC 7518 section 3.3).</summary>
internal sealed class RsaKey : VerificationKey
{
    private const int FewestBits = 2048;
    private const int MostBits = 8192;
    private const int LongestExponent = 8;

    private readonly RSAParameters _parameters;
    private readonly RSA?[] _ofLoops;

    private RsaKey(string? id, JwtAlgorithms algorithms, RSAParameters parameters, int loops)
        : base(id, algorithms, [(byte)'R', .. parameters.Modulus!, .. parameters.Exponent!]) => (_parameters, _ofLoops) = (parameters, new RSA?[loops]);

    /// <summary>The key of a modulus and an exponent, or why there is none.</summary>
    public static (VerificationKey? Key, string? Flaw) Create(string? id, JwtAlgorithms algorithms, byte[] modulus, byte[] exponent, int loops)
    {
        modulus = WithoutZeros(modulus);
        exponent = WithoutZeros(exponent);
        var bits = modulus.Length == 0 ? 0 : (modulus.Length * 8) - byte.LeadingZeroCount(modulus[0]);
        if (bits < FewestBits)
        {
            return (null, $"is an RSA key of {bits} bits, and fewer than {FewestBits} are not safe");
        }

        if (bits > MostBits)
        {
            return (null, $"is an RSA key of {bits} bits, more than {MostBits}");
        }

        // Of an even number nothing is the inverse, and with 1 every message is its own signature.
        if (exponent.Length is 0 or > LongestExponent || (exponent[^1] & 1) == 0 || exponent is [1] || (modulus[^1] & 1) == 0)
        {
            return (null, "is no RSA key: its exponent or its modulus cannot be one");
        }

        return (new RsaKey(id, algorithms & JwtAlgorithms.OfRsa, new RSAParameters { Modulus = modulus, Exponent = exponent }, loops), null);
    }

    /// <inheritdoc/>
    public override bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop)
    {
        // RFC 8017 section 8.2.2, step 1: an encoding of another length is another signature's.
        var rsa = _ofLoops[loop] ??= RSA.Create(_parameters);
        var padding = (algorithm & (JwtAlgorithms.PS256 | JwtAlgorithms.PS384 | JwtAlgorithms.PS512)) != 0 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return signature.Length == _parameters.Modulus!.Length && rsa.VerifyData(signed, signature, JwtAlgorithmNames.HashOf(algorithm), padding);
    }

    private static byte[] WithoutZeros(byte[] number) => number.AsSpan().TrimStart((byte)0).ToArray();
}
