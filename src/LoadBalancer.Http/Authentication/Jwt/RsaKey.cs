using System.Numerics;
using System.Security.Cryptography;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// An RSA key, of 2048 to 8192 bits (RFC 7518 section 3.3). Signatures are verified by libcrypto, made ready once for each loop and algorithm, and by the
/// platform where this machine has another version of it.
/// </summary>
internal sealed class RsaKey : VerificationKey
{
    private const int FewestBits = 2048;
    private const int MostBits = 8192;
    private const int LongestExponent = 8;
    private const int AlgorithmCount = 6;
    private const JwtAlgorithms OfPss = JwtAlgorithms.PS256 | JwtAlgorithms.PS384 | JwtAlgorithms.PS512;

    private readonly RSAParameters _parameters;
    private readonly RSA?[] _ofLoops;
    private readonly RsaVerification?[] _ready;
    private readonly byte[] _publicKey;

    private RsaKey(string? id, JwtAlgorithms algorithms, RSAParameters parameters, int loops)
        : base(id, algorithms, [(byte)'R', .. parameters.Modulus!, .. parameters.Exponent!])
    {
        (_parameters, _ofLoops, _ready) = (parameters, new RSA?[loops], new RsaVerification?[loops * AlgorithmCount]);
        using var rsa = RSA.Create(parameters);
        _publicKey = rsa.ExportSubjectPublicKeyInfo();
    }

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

        try
        {
            return (new RsaKey(id, algorithms & JwtAlgorithms.OfRsa, new RSAParameters { Modulus = modulus, Exponent = exponent }, loops), null);
        }
        catch (CryptographicException)
        {
            return (null, "is no RSA key that can be used");
        }
    }

    /// <inheritdoc/>
    public override bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop)
    {
        // RFC 8017 section 8.2.2, step 1: an encoding of another length is another signature's.
        if (signature.Length != _parameters.Modulus!.Length)
        {
            return false;
        }

        var isPss = (algorithm & OfPss) != JwtAlgorithms.None;
        if (OpenSslEngine.IsAvailable)
        {
            ref var ready = ref _ready[(loop * AlgorithmCount) + BitOperations.Log2((uint)algorithm) - BitOperations.Log2((uint)JwtAlgorithms.RS256)];
            ready ??= RsaVerification.TryCreate(_publicKey, JwtAlgorithmNames.HashOf(algorithm).Name!, isPss);
            if (ready is not null)
            {
                Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
                return ready.Verifies(hash[..CryptographicOperations.HashData(JwtAlgorithmNames.HashOf(algorithm), signed, hash)], signature);
            }
        }

        var rsa = _ofLoops[loop] ??= RSA.Create(_parameters);
        return rsa.VerifyData(signed, signature, JwtAlgorithmNames.HashOf(algorithm), isPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    private static byte[] WithoutZeros(byte[] number) => number.AsSpan().TrimStart((byte)0).ToArray();
}
