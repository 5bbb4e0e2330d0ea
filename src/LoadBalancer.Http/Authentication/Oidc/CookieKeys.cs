using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// The keys that seal cookies, by AES-256-GCM: the first one seals, all open. A sealed text is of letters that a cookie may have, names its key, and opens only
/// for the purpose for which it was sealed: the cookie of a login is none of a session, nor of another provider. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// The nonce is random: with one key 2^32 cookies may be sealed before two nonces are likely to meet (NIST SP 800-38D section 8.3), which is 136 years of a login each
/// second. What is sealed is not compressed: how long it is tells nothing of what is in it, but for its length.
/// </remarks>
internal sealed class CookieKeys
{
    /// <summary>The length of a key in bytes.</summary>
    public const int KeyBytes = 32;

    private const int NameBytes = 4;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int Overhead = NameBytes + NonceBytes + TagBytes;

    private readonly (byte[] Name, byte[] Key)[] _keys;

    private CookieKeys(IEnumerable<byte[]> keys) =>
        _keys = [.. keys.Select(key => (SHA256.HashData([.. "lb cookie key"u8, .. key])[..NameBytes], key))];

    /// <summary>A key that nobody else has.</summary>
    public static CookieKeys Random() => new([RandomNumberGenerator.GetBytes(KeyBytes)]);

    /// <summary>The keys of a file, one a line; empty lines, and lines that begin with <c>#</c>, are none. Null where <paramref name="flaw"/> says why.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="flaw">What is wrong, without any of the text.</param>
    public static CookieKeys? Parse(string text, out string? flaw)
    {
        var keys = new List<byte[]>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var digits = line.Trim();
            if (digits.Length == 0 || digits.StartsWith('#'))
            {
                continue;
            }

            if (digits.Length != 2 * KeyBytes || !digits.All(char.IsAsciiHexDigit))
            {
                flaw = $"line {number} is no key of {2 * KeyBytes} hexadecimal digits; make one with: openssl rand -hex {KeyBytes}";
                return null;
            }

            keys.Add(Convert.FromHexString(digits));
        }

        flaw = keys.Count > 0 ? null : $"there is no key in it; make one with: openssl rand -hex {KeyBytes}";
        return flaw is null ? new CookieKeys(keys) : null;
    }

    /// <summary>How long a sealed text is.</summary>
    public static int SealedLength(int length) => Base64Url.GetEncodedLength(length + Overhead);

    /// <summary>Seals.</summary>
    /// <param name="purpose">For what.</param>
    /// <param name="plain">What.</param>
    public string Seal(string purpose, ReadOnlySpan<byte> plain)
    {
        var (name, key) = _keys[0];
        var whole = new byte[plain.Length + Overhead];
        name.CopyTo(whole, 0);
        var nonce = whole.AsSpan(NameBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);

        // One for each use: it is not safe for two threads.
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(nonce, plain, whole.AsSpan(NameBytes + NonceBytes, plain.Length), whole.AsSpan(whole.Length - TagBytes), Encoding.UTF8.GetBytes(purpose));
        return Base64Url.EncodeToString(whole);
    }

    /// <summary>What was sealed; null where it was not with one of these keys, or for something else, or was changed since.</summary>
    /// <param name="purpose">For what.</param>
    /// <param name="text">The sealed text.</param>
    public byte[]? Open(string purpose, ReadOnlySpan<byte> text)
    {
        // In one spelling only: what is remembered of a text must not be undone by a blank or a '=' in it.
        if (!Base64UrlText.TryDecode(text, out var whole) || whole.Length < Overhead)
        {
            return null;
        }

        foreach (var (name, key) in _keys)
        {
            if (whole.AsSpan(0, NameBytes).SequenceEqual(name) && TryOpen(key, whole.AsSpan(NameBytes), purpose) is { } plain)
            {
                return plain;
            }
        }

        return null;
    }

    /// <summary>True where these open all that the others do.</summary>
    public bool Include(CookieKeys others) => others._keys.All(other => _keys.Any(own => own.Key.AsSpan().SequenceEqual(other.Key)));

    private static byte[]? TryOpen(byte[] key, ReadOnlySpan<byte> whole, string purpose)
    {
        var plain = new byte[whole.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(key, TagBytes);
        try
        {
            cipher.Decrypt(whole[..NonceBytes], whole[NonceBytes..^TagBytes], whole[^TagBytes..], plain, Encoding.UTF8.GetBytes(purpose));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
