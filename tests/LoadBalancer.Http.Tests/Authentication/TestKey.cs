using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>A key of an issuer that exists for a test: it signs tokens, and says how a JWK set has it.</summary>
/// <param name="id">Its name.</param>
/// <param name="algorithm">The algorithm that it signs with where nobody says otherwise.</param>
/// <param name="members">The members of its JWK but for name and algorithm.</param>
/// <param name="sign">Signs by an algorithm.</param>
internal sealed partial class TestKey(string id, string algorithm, string members, Func<string, byte[], byte[]> sign)
{
    private static readonly Lazy<RSA> SomeRsa = new(() => RSA.Create(2048));

    /// <summary>Its name.</summary>
    public string Id => id;

    /// <summary>The algorithm that it signs with.</summary>
    public string Algorithm => algorithm;

    /// <summary>The JWK, with whatever else it is to have, such as <c>"use":"sig"</c>.</summary>
    public string Jwk(string more = "") => $$"""{"kid":"{{id}}",{{members}}{{(more.Length > 0 ? "," + more : "")}}}""";

    /// <summary>Signs.</summary>
    public byte[] Sign(byte[] signed, string? by = null) => sign(by ?? algorithm, signed);

    /// <summary>An RSA key; all that are asked for without a size are the same, since to make one takes long.</summary>
    public static TestKey Rsa(string id, int bits = 0) => Rsa(id, bits == 0 ? SomeRsa.Value : RSA.Create(bits));

    /// <summary>This RSA key.</summary>
    public static TestKey Rsa(string id, RSA rsa)
    {
        var key = rsa.ExportParameters(includePrivateParameters: false);
        return new TestKey(
            id, "RS256", $$""" "kty":"RSA","n":"{{Base64Url.EncodeToString(key.Modulus)}}","e":"{{Base64Url.EncodeToString(key.Exponent)}}" """.Trim(),
            (algorithm, signed) => rsa.SignData(signed, HashOf(algorithm), algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1));
    }

    /// <summary>A key on a curve.</summary>
    public static TestKey Ec(string id, string curve = "P-256")
    {
        var (named, algorithm) = curve switch
        {
            "P-384" => (ECCurve.NamedCurves.nistP384, "ES384"),
            "P-521" => (ECCurve.NamedCurves.nistP521, "ES512"),
            _ => (ECCurve.NamedCurves.nistP256, "ES256"),
        };
        var ecdsa = ECDsa.Create(named);
        var point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
        return new TestKey(
            id, algorithm, $$""" "kty":"EC","crv":"{{curve}}","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}" """.Trim(),
            (by, signed) => ecdsa.SignData(signed, HashOf(by)));
    }

    /// <summary>A secret.</summary>
    public static TestKey Secret(string id, string secret) => Secret(id, Encoding.UTF8.GetBytes(secret));

    /// <summary>A secret of these bytes.</summary>
    public static TestKey Secret(string id, byte[] secret) => new(
        id, "HS256", $$""" "kty":"oct","k":"{{Base64Url.EncodeToString(secret)}}" """.Trim(),
        (algorithm, signed) => algorithm switch
        {
            "HS384" => HMACSHA384.HashData(secret, signed),
            "HS512" => HMACSHA512.HashData(secret, signed),
            _ => HMACSHA256.HashData(secret, signed),
        });

    /// <summary>A key on Ed25519, by libcrypto.</summary>
    public static TestKey Edwards(string id)
    {
        var seed = RandomNumberGenerator.GetBytes(32);
        var key = NewRawPrivateKey(0, "ED25519", null, seed, seed.Length);
        var point = new byte[32];
        nint length = point.Length;
        Assert.That(GetRawPublicKey(key, point, ref length), Is.EqualTo(1));
        return new TestKey(id, "EdDSA", $$""" "kty":"OKP","crv":"Ed25519","x":"{{Base64Url.EncodeToString(point)}}" """.Trim(), (_, signed) =>
        {
            var context = NewContext();
            var signature = new byte[64];
            nint size = signature.Length;
            Assert.That(BeginSigning(context, 0, null, 0, null, key, 0), Is.EqualTo(1));
            Assert.That(Sign(context, signature, ref size, signed, signed.Length), Is.EqualTo(1));
            FreeContext(context);
            return signature;
        });
    }

    private static HashAlgorithmName HashOf(string algorithm) => algorithm[2..] switch
    {
        "384" => HashAlgorithmName.SHA384,
        "512" => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_PKEY_new_raw_private_key_ex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint NewRawPrivateKey(nint library, string kind, string? properties, byte[] bytes, nint length);

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetRawPublicKey(nint key, byte[] bytes, ref nint length);

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewContext();

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_DigestSignInit_ex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int BeginSigning(nint context, nint keyContext, string? digest, nint library, string? properties, nint key, nint parameters);

    [LibraryImport("libcrypto.so.3", EntryPoint = "EVP_DigestSign")]
    private static partial int Sign(nint context, byte[] signature, ref nint size, byte[] message, nint length);
}
