using System.Globalization;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The value of Date (RFC 9110 section 5.6.7), written once a second. It belongs to a loop, and is touched only there.</summary>
internal sealed class DateText
{
    private readonly byte[] _text = new byte["Sun, 06 Nov 1994 08:49:37 GMT".Length];
    private long _untilMs = long.MinValue;

    /// <summary>The text of this second.</summary>
    /// <param name="nowMs">The loop's time, which tells when the second is over.</param>
    /// <param name="time">The clock, which is asked then.</param>
    public ReadOnlySpan<byte> At(long nowMs, TimeProvider time)
    {
        if (nowMs >= _untilMs)
        {
            var now = time.GetUtcNow();
            now.TryFormat(_text, out _, "r", CultureInfo.InvariantCulture);
            _untilMs = nowMs + 1000 - now.Millisecond;
        }

        return _text;
    }
}
