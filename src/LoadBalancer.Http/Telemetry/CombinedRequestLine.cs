using System.Buffers;
using System.Text;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// The combined format of NCSA and Apache, for tools that read nothing else:
/// <c>client - user [time] "method path version" status bytes "referer" "user agent"</c>. What does not apply is <c>-</c>; the user is who calls.
/// </summary>
/// <remarks>
/// The path is the route's template where the file does not ask for the client's. In what a client sent, a quote and a backslash are
/// escaped with a backslash, and everything but printable ASCII is <c>\xhh</c>, as Apache does.
/// </remarks>
internal static class CombinedRequestLine
{
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (byte)code).Where(letter => letter is not ((byte)'"' or (byte)'\\'))]);

    // It stands between spaces.
    private static readonly SearchValues<byte> PlainUser = SearchValues.Create(
        [.. Enumerable.Range('!', '~' - '!' + 1).Select(code => (byte)code).Where(letter => letter is not ((byte)'"' or (byte)'\\'))]);

    /// <summary>Writes one line, its line feed included, to <paramref name="buffer"/>; false where that is too small.</summary>
    public static bool TryFormat(Exchange exchange, DateTimeOffset now, AccessLogFields fields, Span<byte> buffer, out int length)
    {
        var request = exchange.Request;
        var line = new LineText(buffer);
        if (exchange.ClientAddress is { } client)
        {
            line.Address(client);
        }
        else
        {
            line.Raw("-"u8);
        }

        line.Raw(" - "u8);
        Escaped(ref line, exchange.Identity?.Subject, ClientText.MostIdentity, PlainUser);
        line.Raw(" ["u8);
        Time(ref line, now);
        line.Raw("] \""u8);
        RequestLine(ref line, exchange, fields);
        line.Raw("\" "u8);
        line.Digits(ExchangeStatus.Of(exchange));
        line.Raw(" "u8);
        line.Digits(exchange.SentBytes);
        line.Raw(" \""u8);
        Escaped(ref line, (fields & AccessLogFields.Referer) != 0 ? ClientText.Referer(request, fields) : default, ClientText.MostReferer);
        line.Raw("\" \""u8);
        Escaped(ref line, ClientText.UserAgent(request), ClientText.MostUserAgent);
        line.Raw("\"\n"u8);
        length = line.Length;
        return !line.IsFull;
    }

    private static void RequestLine(ref LineText line, Exchange exchange, AccessLogFields fields)
    {
        var request = exchange.Request;
        Escaped(ref line, request.MethodText, ClientText.MostMethod);
        if (request.MethodText.IsEmpty)
        {
            return;
        }

        line.Raw(" "u8);
        if ((fields & AccessLogFields.RawPath) != 0)
        {
            Escaped(ref line, ClientText.RawPath(request), ClientText.MostPath);
        }
        else
        {
            Escaped(ref line, exchange.Route?.Template, ClientText.MostName);
        }

        if ((fields & AccessLogFields.Query) != 0 && ClientText.Query(request) is { IsEmpty: false } query)
        {
            line.Raw("?"u8);
            Escaped(ref line, query, ClientText.MostQuery);
        }

        line.Raw(" "u8);
        line.Raw(ClientText.Version(request));
    }

    // 22/Nov/2026:05:17:49 +0000
    private static void Time(ref LineText line, DateTimeOffset now)
    {
        var utc = now.UtcDateTime;
        line.Digits(utc.Day, least: 2);
        line.Raw("/"u8);
        line.Raw("JanFebMarAprMayJunJulAugSepOctNovDec"u8.Slice((utc.Month - 1) * 3, 3));
        line.Raw("/"u8);
        line.Digits(utc.Year, least: 4);
        line.Raw(":"u8);
        line.Digits(utc.Hour, least: 2);
        line.Raw(":"u8);
        line.Digits(utc.Minute, least: 2);
        line.Raw(":"u8);
        line.Digits(utc.Second, least: 2);
        line.Raw(" +0000"u8);
    }

    private static void Escaped(ref LineText line, string? text, int most, SearchValues<byte>? plain = null)
    {
        Span<byte> utf8 = stackalloc byte[3 * ClientText.MostName];
        var length = Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text?.Length ?? 0, ClientText.MostName)), utf8);
        Escaped(ref line, utf8[..length], most, plain);
    }

    private static void Escaped(ref LineText line, scoped ReadOnlySpan<byte> text, int most, SearchValues<byte>? plain = null)
    {
        plain ??= Plain;
        if (text.IsEmpty)
        {
            line.Raw("-"u8);
            return;
        }

        if (!text.ContainsAnyExcept(plain))
        {
            line.Raw(text, most);
            return;
        }

        Span<byte> hex = [(byte)'\\', (byte)'x', 0, 0];
        var end = line.Length + most;
        foreach (var letter in text)
        {
            if (line.Length + hex.Length > end)
            {
                line.Cut();
                return;
            }

            if (letter is (byte)'"' or (byte)'\\')
            {
                line.Raw([(byte)'\\', letter]);
            }
            else if (plain.Contains(letter))
            {
                line.Raw([letter]);
            }
            else
            {
                hex[2] = (byte)"0123456789abcdef"[letter >> 4];
                hex[3] = (byte)"0123456789abcdef"[letter & 15];
                line.Raw(hex);
            }
        }
    }
}
