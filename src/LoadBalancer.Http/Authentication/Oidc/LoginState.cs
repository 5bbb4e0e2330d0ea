using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>A login that a browser has begun, and which only that browser can end: what its short-lived cookie holds. Immutable.</summary>
/// <param name="State">What comes back with the browser, and binds the way back to the cookie (RFC 6749 section 10.12).</param>
/// <param name="Nonce">What the token has to hold, so that none of another login is taken (OpenID Connect Core section 3.1.2.1).</param>
/// <param name="Verifier">What proves that whoever redeems the code has asked for it (RFC 7636).</param>
/// <param name="ReturnTo">Where the browser goes afterwards, see <see cref="ReturnPath"/>.</param>
/// <param name="BegunAt">When it began, in seconds since 1970.</param>
internal sealed record LoginState(string State, string Nonce, string Verifier, string ReturnTo, long BegunAt)
{
    /// <summary>How long a login may take.</summary>
    public const int MostSeconds = 600;

    private const int RandomBytes = 32;
    private const byte Version = 1;

    /// <summary>PKCE's challenge, by S256.</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>A login that begins now.</summary>
    public static LoginState New(string returnTo, DateTimeOffset now) => new(NewText(), NewText(), NewText(), returnTo, now.ToUnixTimeSeconds());

    /// <summary>True where it may still be ended.</summary>
    public bool IsFresh(DateTimeOffset now) => now.ToUnixTimeSeconds() - BegunAt is >= 0 and < MostSeconds;

    /// <summary>As bytes, to be sealed.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Version);
        writer.Write(State);
        writer.Write(Nonce);
        writer.Write(Verifier);
        writer.Write(ReturnTo);
        writer.Write(BegunAt);
        return bytes.ToArray();
    }

    /// <summary>Out of bytes that were sealed; null where another version of lb has sealed them.</summary>
    public static LoginState? Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        return reader.ReadByte() == Version
            ? new LoginState(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt64())
            : null;
    }

    private static string NewText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
}
