namespace LoadBalancer.Telemetry;

/// <summary>The one form in which logs print a time: UTC with milliseconds, <c>2026-11-21T22:27:01.123Z</c> (RFC 3339).</summary>
internal static class Rfc3339
{
    /// <summary>The length of every time in this form.</summary>
    public const int Length = 24;

    /// <summary>Writes <paramref name="time"/> to the first <see cref="Length"/> bytes.</summary>
    public static void Format(DateTimeOffset time, Span<byte> to)
    {
        var utc = time.UtcDateTime;
        Digits(utc.Year, 4, to);
        to[4] = (byte)'-';
        Digits(utc.Month, 2, to[5..]);
        to[7] = (byte)'-';
        Digits(utc.Day, 2, to[8..]);
        to[10] = (byte)'T';
        Digits(utc.Hour, 2, to[11..]);
        to[13] = (byte)':';
        Digits(utc.Minute, 2, to[14..]);
        to[16] = (byte)':';
        Digits(utc.Second, 2, to[17..]);
        to[19] = (byte)'.';
        Digits(utc.Millisecond, 3, to[20..]);
        to[23] = (byte)'Z';
    }

    private static void Digits(int value, int count, Span<byte> to)
    {
        for (var at = count - 1; at >= 0; at--)
        {
            to[at] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
