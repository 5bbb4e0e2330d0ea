using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// The log of requests: one line for each, written when its exchange has ended. Refused requests have theirs too, however many they are:
/// who attacks is what the log is asked for.
/// </summary>
/// <remarks>
/// <see cref="Write"/> is called on the exchange's loop; it takes no lock, allocates nothing and never waits, see <see cref="LoopLog"/>.
/// All else is thread-safe.
/// </remarks>
/// <param name="lines">Where its lines go, among those of others.</param>
/// <param name="time">The clock of the lines.</param>
internal sealed class AccessLog(LoopLog lines, TimeProvider time)
{
    private volatile AccessLogStyle _style = new();

    /// <summary>How requests are written, from the next one on.</summary>
    public AccessLogStyle Style
    {
        get => _style;
        set => _style = value;
    }

    /// <summary>Takes the line of one exchange; on its loop.</summary>
    /// <param name="listener">The listener's name.</param>
    /// <param name="exchange">It has ended, and nothing of it is forgotten yet.</param>
    /// <param name="total">From the first byte of its head to the end of its response.</param>
    public void Write(string listener, Exchange exchange, TimeSpan total)
    {
        if (!lines.Enabled)
        {
            return;
        }

        var loop = exchange.Loop.Index;
        var style = _style;
        var now = time.GetUtcNow();
        var line = lines.Scratch(loop);
        var fits = style.Format == AccessLogFormat.Json
            ? JsonRequestLine.TryFormat(listener, exchange, ExchangeTimes.Of(exchange, time, total), now, style.Fields, line, out var length)
            : CombinedRequestLine.TryFormat(exchange, now, style.Fields, line, out length);
        lines.Append(loop, fits, length);
    }
}
