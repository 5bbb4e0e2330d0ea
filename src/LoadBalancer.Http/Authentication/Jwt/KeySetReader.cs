using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Reads the keys of an issuer: a JWK set (RFC 7517), or PEM. A key that is of no use is left out, and a note says why. Not thread-safe: one reading.</summary>
/// <param name="allowed">The algorithms that the file allows.</param>
/// <param name="takesSecrets">True where symmetric keys count: not where everybody may read them.</param>
/// <param name="loops">How many loops there are.</param>
internal sealed class KeySetReader(JwtAlgorithms allowed, bool takesSecrets, int loops)
{
    /// <summary>How many keys a set may have.</summary>
    public const int MostKeys = 100;

    /// <summary>How long a name (<c>kid</c>) may be.</summary>
    public const int LongestId = 256;

    private const int MostDepth = 16;

    private readonly List<string> _notes = [];

    /// <summary>Why keys were left out: each begins with the key's name.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The keys of a document, or what is wrong with it.</summary>
    public (KeySet? Keys, string? Flaw) Read(ReadOnlySpan<byte> document)
    {
        var text = document.StartsWith("\uFEFF"u8) ? document[3..] : document;
        var keys = new List<VerificationKey>();
        var flaw = !Utf8.IsValid(text) ? "it is no text in UTF-8"
            : text.TrimStart(" \t\r\n"u8) is [(byte)'{', ..] ? ReadJson(text.ToArray(), keys)
            : ReadPem(Encoding.UTF8.GetString(text), keys);
        return flaw is not null ? (null, flaw)
            : keys.Count > 0 ? (new KeySet([.. keys]), null)
            : (null, _notes.Count > 0 ? $"no key in it is of use: {string.Join("; ", _notes.Take(3))}" : "there is no key in it");
    }

    private string? ReadJson(byte[] json, List<VerificationKey> keys)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MostDepth, AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (!root.TryGetProperty("keys", out var list))
            {
                // A single key is none of RFC 7517, and is what some tools write.
                return root.TryGetProperty("kty", out _) ? Take([root], keys) : "it is no JWK set: it has no 'keys'";
            }

            return list.ValueKind != JsonValueKind.Array ? "it is no JWK set: its 'keys' is no list"
                : list.GetArrayLength() > MostKeys ? $"it has more than {MostKeys} keys"
                : Take(list.EnumerateArray(), keys);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "it is no JSON in which every name stands once";
        }
    }

    private string? Take(IEnumerable<JsonElement> items, List<VerificationKey> keys)
    {
        var at = 0;
        foreach (var item in items)
        {
            at++;
            var id = item.ValueKind == JsonValueKind.Object ? Text(item, "kid") : null;
            var (key, flaw) = KeyOf(item, id);
            Add(keys, key, flaw, id is null ? $"key {at}" : $"the key '{ScalarNode.Clean(id)}'");
        }

        return null;
    }

    private void Add(List<VerificationKey> keys, VerificationKey? key, string? flaw, string name)
    {
        if (flaw is null && key!.Algorithms == JwtAlgorithms.None)
        {
            flaw = "is for none of the algorithms that the file allows";
        }

        if (flaw is null)
        {
            keys.Add(key!);
        }
        else
        {
            _notes.Add($"{name} {flaw}");
        }
    }

    private (VerificationKey? Key, string? Flaw) KeyOf(JsonElement item, string? id)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            return (null, "is no object");
        }

        if (id?.Length > LongestId)
        {
            return (null, "has a name that is too long");
        }

        if (item.TryGetProperty("use", out var use) && use.GetString() != "sig")
        {
            return (null, "is not for signatures ('use')");
        }

        if (item.TryGetProperty("key_ops", out var operations) && !operations.EnumerateArray().Any(operation => operation.GetString() == "verify"))
        {
            return (null, "is not for verifying ('key_ops')");
        }

        var algorithms = allowed;
        if (Text(item, "alg") is { } algorithm)
        {
            algorithms &= JwtAlgorithmNames.Of(Encoding.UTF8.GetBytes(algorithm));
        }

        return Text(item, "kty") switch
        {
            "RSA" when Bytes(item, "n") is { } modulus && Bytes(item, "e") is { } exponent => RsaKey.Create(id, algorithms, modulus, exponent, loops),
            "EC" when Bytes(item, "x") is { } x && Bytes(item, "y") is { } y => EcKey.Create(id, algorithms, Text(item, "crv") ?? "", x, y, loops),
            "OKP" when Bytes(item, "x") is { } point => EdwardsKey.Create(id, algorithms, Text(item, "crv") ?? "", point),
            "oct" when !takesSecrets => (null, "is a secret that everybody may read"),
            "oct" when Bytes(item, "k") is { } secret => SecretKey.Create(id, algorithms, secret),
            "RSA" or "EC" or "OKP" or "oct" => (null, "lacks a part, or one is not in base64url"),
            _ => (null, "is of a kind other than RSA, EC, OKP and oct"),
        };
    }

    private string? ReadPem(string text, List<VerificationKey> keys)
    {
        var rest = text.AsSpan();
        var at = 0;
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (++at > MostKeys)
            {
                return $"it has more than {MostKeys} keys";
            }

            var label = rest[fields.Label].ToString();
            if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                return "it holds a private key, which stays with the issuer: 'openssl pkey -in … -pubout' writes the public one";
            }

            var (key, flaw) = KeyOf(label, Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            Add(keys, key, flaw, $"key {at}");
            rest = rest[fields.Location.End..];
        }

        return at == 0 ? "it is neither a JWK set nor PEM with -----BEGIN PUBLIC KEY-----" : null;
    }

    private (VerificationKey? Key, string? Flaw) KeyOf(string label, byte[] der)
    {
        try
        {
            switch (label)
            {
                case "CERTIFICATE":
                    using (var certificate = X509CertificateLoader.LoadCertificate(der))
                    {
                        return KeyOf(certificate.PublicKey);
                    }

                case "PUBLIC KEY":
                    return KeyOf(PublicKey.CreateFromSubjectPublicKeyInfo(der, out _));
                case "RSA PUBLIC KEY":
                    using (var rsa = RSA.Create())
                    {
                        rsa.ImportRSAPublicKey(der, out _);
                        return KeyOf(rsa);
                    }

                default:
                    return (null, $"is a {label.ToLowerInvariant()}, and no public key");
            }
        }
        catch (CryptographicException)
        {
            return (null, "cannot be read");
        }
    }

    private (VerificationKey? Key, string? Flaw) KeyOf(PublicKey key)
    {
        switch (key.Oid.Value)
        {
            case "1.2.840.113549.1.1.1" or "1.2.840.113549.1.1.10":
                using (var rsa = RSA.Create())
                {
                    rsa.ImportSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _);
                    return KeyOf(rsa);
                }

            case "1.2.840.10045.2.1":
                using (var ecdsa = key.GetECDsaPublicKey()!)
                {
                    var parameters = ecdsa.ExportParameters(includePrivateParameters: false);
                    return EcKey.Create(null, allowed, CurveOf(parameters.Curve), parameters.Q.X!, parameters.Q.Y!, loops);
                }

            case "1.3.101.112":
                return EdwardsKey.Create(null, allowed, "Ed25519", key.EncodedKeyValue.RawData);
            case "1.3.101.113":
                return EdwardsKey.Create(null, allowed, "Ed448", key.EncodedKeyValue.RawData);
            default:
                return (null, "is of a kind other than RSA, ECDSA and EdDSA");
        }
    }

    private (VerificationKey? Key, string? Flaw) KeyOf(RSA rsa)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        return RsaKey.Create(null, allowed, parameters.Modulus!, parameters.Exponent!, loops);
    }

    // A key may spell its curve out (openssl's -param_enc explicit), which then has no name, nor any that could be trusted (CVE-2020-0601).
    private static string CurveOf(ECCurve curve) => (curve.IsNamed ? curve.Oid?.Value : null) switch
    {
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        _ => "",
    };

    private static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static byte[]? Bytes(JsonElement item, string name) => Text(item, name) is { } text && Base64UrlText.TryDecode(Encoding.UTF8.GetBytes(text), out var bytes) ? bytes : null;
}
