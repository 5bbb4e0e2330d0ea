using System.Buffers;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Templates;

/// <summary>Writes what a variable holds, which a client may have chosen, so that it means nothing but itself where it is written.</summary>
internal static class TemplateText
{
    // RFC 3986 section 2.3.
    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    // What is percent-encoded already keeps its encoding.
    private static readonly SearchValues<byte> UnreservedOrEncoded =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"u8);

    // The host for routing: nothing in it ends an authority.
    private static readonly SearchValues<byte> InAuthority =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]"u8);

    // Everything visible but what ends a URL or a quote around it. A query may have any of it raw.
    private static readonly SearchValues<byte> InUrl =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7f - 0x21).Select(code => (byte)code).Except("\"<>\\^`{|}#"u8.ToArray())]);

    private static readonly SearchValues<byte> PlainHtml =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x100 - 0x20).Select(code => (byte)code).Except("<>&\"'"u8.ToArray()).Except([(byte)0x7f])]);

    private static readonly SearchValues<byte> PlainJson =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x80 - 0x20).Select(code => (byte)code).Except("\"\\"u8.ToArray()).Except([(byte)0x7f])]);

    /// <summary>Writes <paramref name="text"/> at the end of <paramref name="to"/>; false where it cannot be written there.</summary>
    public static bool Append(ReadOnlySpan<byte> text, TemplateVariable variable, HeaderList to, TemplateUse use)
    {
        if (use is TemplateUse.Field or TemplateUse.Text or TemplateUse.Comparison)
        {
            if (!FieldText.IsValue(text))
            {
                return false;
            }

            if (use == TemplateUse.Comparison && variable is (TemplateVariable.Path or TemplateVariable.Capture))
            {
                AppendDecoded(text, to);
            }
            else
            {
                to.Append(text);
            }

            return true;
        }

        var isEncoded = variable is TemplateVariable.Path or TemplateVariable.Capture or TemplateVariable.Query;
        var plain = use switch
        {
            TemplateUse.Html => PlainHtml,
            TemplateUse.Json => PlainJson,
            TemplateUse.QueryValue => isEncoded ? UnreservedOrEncoded : Unreserved,
            _ => isEncoded ? InUrl : variable == TemplateVariable.Host ? InAuthority : Unreserved,
        };
        while (text.Length > 0)
        {
            var run = text.IndexOfAnyExcept(plain);
            if (run < 0)
            {
                to.Append(text);
                break;
            }

            to.Append(text[..run]);
            Escape(text[run], to, use);
            text = text[(run + 1)..];
        }

        return true;
    }

    // The path is canonical: every percent sign begins an encoding of upper-case digits.
    private static void AppendDecoded(ReadOnlySpan<byte> text, HeaderList to)
    {
        while (text.IndexOf((byte)'%') is var percent and >= 0)
        {
            to.Append(text[..percent]);
            to.Append([(byte)((DigitOf(text[percent + 1]) << 4) | DigitOf(text[percent + 2]))]);
            text = text[(percent + 3)..];
        }

        to.Append(text);
    }

    private static int DigitOf(byte digit) => digit <= '9' ? digit - '0' : digit - 'A' + 10;

    private static void Escape(byte letter, HeaderList to, TemplateUse use)
    {
        Span<byte> escaped = stackalloc byte[6];
        var digits = use switch
        {
            TemplateUse.Html => "&#x__;"u8,
            TemplateUse.Json => "\\u00__"u8,
            _ => "%__"u8,
        };
        digits.CopyTo(escaped);
        var hex = escaped[digits.IndexOf((byte)'_')..];
        Convert.TryToHexString([letter], hex, out _);
        to.Append(escaped[..digits.Length]);
    }
}
