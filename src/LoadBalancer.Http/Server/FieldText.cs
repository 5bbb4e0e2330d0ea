using System.Buffers;

namespace LoadBalancer.Http.Server;

/// <summary>What may stand in a head (RFC 9110 section 5): the one place that knows which bytes a name or a value may have.</summary>
internal static class FieldText
{
    /// <summary>tchar of RFC 9110 section 5.6.2: methods and field names.</summary>
    private static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Every control but the tab; and 0xFF, which is no octet of any text. obs-text (0x80 to 0xFE) is let pass, as UTF-8 needs it.
    private static readonly SearchValues<byte> Forbidden =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(code => code != '\t').Select(code => (byte)code), 0x7f, 0xff]);

    /// <summary>True for one or more characters of a token.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExcept(Token);

    /// <summary>True where the value may be sent in a field; it may be empty.</summary>
    public static bool IsValue(ReadOnlySpan<byte> value) => !value.ContainsAny(Forbidden);

    /// <summary>How many bytes at the start of the text are of a token.</summary>
    public static int TokenLength(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(Token) is var end and >= 0 ? end : text.Length;

    /// <summary>How many bytes at the start of the text may stand in a value.</summary>
    public static int ValueLength(ReadOnlySpan<byte> text) => text.IndexOfAny(Forbidden) is var end and >= 0 ? end : text.Length;

    /// <summary>The text without spaces and tabs around it (OWS).</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t"u8);
}
