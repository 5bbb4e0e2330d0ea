using System.Buffers.Text;
using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>A login that has succeeded: what its cookie holds. Immutable. All times in seconds since 1970.</summary>
/// <param name="Id">What stands for it from the login to its end, whatever tokens it has got since: <see cref="IdLetters"/> random letters of base64url. It opens nothing.</param>
/// <param name="IdToken">The token that says who it is, as it came; its signature was found good when it did.</param>
/// <param name="RefreshToken">What asks the provider again; empty for nothing.</param>
/// <param name="EndsAt">When it ends, whatever the provider says.</param>
/// <param name="RefreshAt">From when on the provider is asked again.</param>
/// <param name="ValidUntil">When it ends, if the provider cannot be asked.</param>
internal sealed record Session(string Id, string IdToken, string RefreshToken, long EndsAt, long RefreshAt, long ValidUntil)
{
    /// <summary>The length of <see cref="Id"/>: 120 random bits.</summary>
    public const int IdLetters = 20;

    private const byte Version = 1;

    /// <summary>What stands for a session that begins.</summary>
    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdLetters * 6 / 8));

    /// <summary>As bytes, to be sealed: all but <see cref="Id"/>.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Version);
        writer.Write(IdToken);
        writer.Write(RefreshToken);
        writer.Write(EndsAt);
        writer.Write(RefreshAt);
        writer.Write(ValidUntil);
        return bytes.ToArray();
    }

    /// <summary>Out of bytes that were sealed; null where another version of lb has sealed them.</summary>
    public static Session? Read(string id, byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        return reader.ReadByte() == Version
            ? new Session(id, reader.ReadString(), reader.ReadString(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64())
            : null;
    }
}
