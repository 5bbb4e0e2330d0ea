using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>The user and the password of an Authorization field (RFC 7617 section 2).</summary>
internal static class BasicCredential
{
    /// <summary>The longest that may come, in base64: the longest user, a colon and the longest password.</summary>
    public const int MostBytes = (PasswordFile.MostUserBytes + 1 + LibCrypt.MostPasswordBytes + 2) / 3 * 4;

    private static ReadOnlySpan<byte> Scheme => "basic "u8;

    /// <summary>True where the field is of the scheme Basic, be it a bad one.</summary>
    public static bool Is(ReadOnlySpan<byte> field) =>
        field.Length >= Scheme.Length - 1 && Ascii.EqualsIgnoreCase(field[..(Scheme.Length - 1)], Scheme[..^1]) && (field.Length == Scheme.Length - 1 || field[Scheme.Length - 1] == ' ');

    /// <summary>What is behind the scheme: base64, as it came. Of a field that <see cref="Is"/> one.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> field) => field[(Scheme.Length - 1)..].Trim((byte)' ');

    /// <summary>Takes a credential of at most <see cref="MostBytes"/> apart.</summary>
    /// <param name="credential">Base64.</param>
    /// <param name="user">The user: up to the first colon.</param>
    /// <param name="password">The password, and a NUL behind it.</param>
    /// <returns>What is wrong with it, as a word for the decision trace; null where nothing is.</returns>
    public static string? Read(ReadOnlySpan<byte> credential, out string user, out byte[] password)
    {
        (user, password) = ("", []);
        Span<byte> text = stackalloc byte[MostBytes];

        // The decoder would skip white space.
        if (credential.ContainsAny(" \t"u8) || Base64.DecodeFromUtf8(credential, text, out var read, out var length) != OperationStatus.Done || read != credential.Length)
        {
            return "not_base64";
        }

        text = text[..length];
        var colon = text.IndexOf((byte)':');
        var fault = colon < 0 ? "no_colon"
            : !Utf8.IsValid(text) ? "not_utf8"
            : text.ContainsAnyInRange((byte)0, (byte)31) || text.Contains((byte)127) ? "control_character"
            : colon > PasswordFile.MostUserBytes || length - colon - 1 > LibCrypt.MostPasswordBytes ? "too_long"
            : null;
        if (fault is null)
        {
            user = Encoding.UTF8.GetString(text[..colon]);
            password = new byte[length - colon];
            text[(colon + 1)..].CopyTo(password);
        }

        text.Clear();
        return fault;
    }
}
