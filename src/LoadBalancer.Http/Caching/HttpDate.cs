using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LoadBalancer.Http.Caching;

/// <summary>Dates in fields, in the three forms that a recipient takes (RFC 9110 section 5.6.7).</summary>
internal static class HttpDate
{
    private const int Longest = 40;

    private static readonly string[] OldForms = ["dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "ddd MMM  d HH:mm:ss yyyy"];

    /// <summary>The seconds since 1970 (UTC) that a date is; false where it is none, such as the <c>0</c> of many an Expires.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long seconds)
    {
        if (Utf8Parser.TryParse(text, out DateTimeOffset date, out var length, 'R') && length == text.Length)
        {
            seconds = date.ToUnixTimeSeconds();
            return true;
        }

        seconds = 0;
        if (text.Length is 0 or > Longest || !Ascii.IsValid(text))
        {
            return false;
        }

        Span<char> letters = stackalloc char[Longest];
        var count = Encoding.ASCII.GetChars(text, letters);
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTimeOffset.TryParseExact(letters[..count], OldForms, CultureInfo.InvariantCulture, Utc, out date))
        {
            return false;
        }

        seconds = date.ToUnixTimeSeconds();
        return true;
    }
}
