using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// The latest requests of one loop that failed: by a fault, by a status of 400 and above that lb itself gave, or by a policy that would have refused them.
/// What is kept of each is bounded, and its memory is used again. Touched only on its loop.
/// </summary>
/// <param name="most">How many it keeps.</param>
internal sealed class FailureRing(int most)
{
    private readonly FailedExchange[] _kept = new FailedExchange[most];
    private long _count;

    /// <summary>True for an exchange that is to be remembered.</summary>
    public static bool Wants(Exchange exchange) =>
        exchange.Fault.Failed || exchange.WouldBeRefused || (exchange.Endpoint is null && exchange.Response.Status >= 400);

    /// <summary>Remembers an exchange that has ended, in place of the oldest.</summary>
    /// <param name="listener">The listener's name.</param>
    /// <param name="exchange">The exchange, of which nothing is forgotten yet.</param>
    /// <param name="times">Where its time went.</param>
    /// <param name="time">The clock.</param>
    public void Keep(string listener, Exchange exchange, in ExchangeTimes times, TimeProvider time)
    {
        ref var kept = ref _kept[_count++ % _kept.Length];
        kept ??= new FailedExchange();
        kept.Keep(listener, exchange, times, time);
    }

    /// <summary>Those that are kept, the latest first. They change with the next <see cref="Keep"/>: what is to stay is copied.</summary>
    public IEnumerable<FailedExchange> Latest()
    {
        for (var at = _count - 1; at >= Math.Max(0, _count - _kept.Length); at--)
        {
            yield return _kept[at % _kept.Length];
        }
    }
}
