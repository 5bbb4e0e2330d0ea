using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>A key on P-256, P-384 or P-521, each with its own algorithm (RFC 7518 section 3.4).</summary>
internal sealed class EcKey : VerificationKey
{
    private readonly ECParameters _parameters;
    private readonly ECDsa?[] _ofLoops;

    private EcKey(string? id, JwtAlgorithms algorithms, ECParameters parameters, ECDsa first, int loops)
        : base(id, algorithms, [(byte)'E', (byte)parameters.Q.X!.Length, .. parameters.Q.X, .. parameters.Q.Y!])
    {
        (_parameters, _ofLoops) = (parameters, new ECDsa?[loops]);
        _ofLoops[0] = first;
    }

    /// <summary>The key of a point, or why there is none.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="algorithms">What the file and the JWK allow.</param>
    /// <param name="curve">The curve by its name in a JWK.</param>
    /// <param name="x">The point's first coordinate, of the curve's length.</param>
    /// <param name="y">The second.</param>
    /// <param name="loops">How many loops there are.</param>
    public static (VerificationKey? Key, string? Flaw) Create(string? id, JwtAlgorithms algorithms, string curve, byte[] x, byte[] y, int loops)
    {
        var (named, algorithm, length) = curve switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, JwtAlgorithms.ES256, 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, JwtAlgorithms.ES384, 48),
            "P-521" => (ECCurve.NamedCurves.nistP521, JwtAlgorithms.ES512, 66),
            _ => (default, JwtAlgorithms.None, 0),
        };
        if (length == 0)
        {
            return (null, "is on a curve other than P-256, P-384 and P-521");
        }

        if (x.Length != length || y.Length != length)
        {
            return (null, $"is no key on {curve}: its coordinates have {length} bytes each");
        }

        var parameters = new ECParameters { Curve = named, Q = new ECPoint { X = x, Y = y } };
        try
        {
            return (new EcKey(id, algorithms & algorithm, parameters, ECDsa.Create(parameters), loops), null);
        }
        catch (CryptographicException)
        {
            return (null, $"is no key on {curve}: the point is not on the curve");
        }
    }

    /// <inheritdoc/>
    public override bool Verifies(JwtAlgorithms algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop)
    {
        var half = _parameters.Q.X!.Length;
        if (signature.Length != 2 * half || !signature[..half].ContainsAnyExcept((byte)0) || !signature[half..].ContainsAnyExcept((byte)0))
        {
            // r = 0 or s = 0 is a signature of everything to who forgets to look (CVE-2022-21449). The platform looks; so do we.
            return false;
        }

        var ecdsa = _ofLoops[loop] ??= ECDsa.Create(_parameters);
        return ecdsa.VerifyData(signed, signature, JwtAlgorithmNames.HashOf(algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
