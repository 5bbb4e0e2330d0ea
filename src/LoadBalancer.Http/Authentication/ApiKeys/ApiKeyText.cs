using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>
/// The form of the keys that lb makes, <c>lbk_ID_SECRET</c>: programs that look for leaked secrets know one when they see it, and whoever finds
/// one can tell by its id which it is.
/// </summary>
internal static class ApiKeyText
{
    /// <summary>What an id may be: no underscore, since one ends it.</summary>
    public const string IdPattern = "[A-Za-z0-9][A-Za-z0-9.-]{0,63}";

    private const string Prefix = "lbk_";
    private const int SecretBytes = 32;
    private const int NewIdLength = 10;

    /// <summary>An id by chance; letters and digits that are hard to mistake for one another.</summary>
    public static string NewId() => RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", NewIdLength);

    /// <summary>A key with 256 bits by chance.</summary>
    public static string NewKey(string id)
    {
        Span<byte> secret = stackalloc byte[SecretBytes];
        RandomNumberGenerator.Fill(secret);
        return $"{Prefix}{id}_{Base64Url.EncodeToString(secret)}";
    }

    /// <summary>The hash of a key.</summary>
    public static KeyHash HashOf(string key) => KeyHash.Of(Encoding.UTF8.GetBytes(key));
}
