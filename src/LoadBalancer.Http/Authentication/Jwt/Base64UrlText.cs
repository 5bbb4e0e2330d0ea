using System.Buffers;
using System.Buffers.Text;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// Base64url as RFC 7515 section 2 has it: no padding, no white space, and no bits left over that are not zero, so that no bytes can be written
/// in two ways.
/// </summary>
internal static class Base64UrlText
{
    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>How many bytes a text of that length decodes to at most.</summary>
    public static int MostBytes(int length) => (length / 4 * 3) + 2;

    /// <summary>The bytes, written to <paramref name="to"/>, which has room for <see cref="MostBytes"/>; false where the text is none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> to, out int length)
    {
        length = 0;
        if (text.ContainsAnyExcept(Alphabet) || HasLeftOver(text))
        {
            return false;
        }

        return Base64Url.DecodeFromUtf8(text, to, out _, out length) == OperationStatus.Done;
    }

    /// <summary>The bytes; false where the text is none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        bytes = new byte[MostBytes(text.Length)];
        var decoded = TryDecode(text, bytes, out var length);
        Array.Resize(ref bytes, length);
        return decoded;
    }

    private static bool HasLeftOver(ReadOnlySpan<byte> text) => (text.Length % 4) switch
    {
        0 => false,
        1 => true,
        2 => (ValueOf(text[^1]) & 0b1111) != 0,
        _ => (ValueOf(text[^1]) & 0b11) != 0,
    };

    private static int ValueOf(byte letter) => letter switch
    {
        >= (byte)'a' => letter - 'a' + 26,
        (byte)'_' => 63,
        >= (byte)'A' => letter - 'A',
        (byte)'-' => 62,
        _ => letter - '0' + 52,
    };
}
