using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Telemetry;

/// <summary>Where the time of one exchange went. What did not happen has none.</summary>
/// <param name="Queue">From the first byte of the head until the endpoint of the last attempt was leased: head, policies, waiting for room, failed attempts.</param>
/// <param name="Connect">From there until a connection to it was there, or the connect had failed; zero for one that was idle.</param>
/// <param name="FirstByte">From there to the first byte of its response.</param>
/// <param name="Total">From the first byte of the head to the end of the response.</param>
internal readonly record struct ExchangeTimes(TimeSpan? Queue, TimeSpan? Connect, TimeSpan? FirstByte, TimeSpan Total)
{
    /// <summary>The times of <paramref name="exchange"/>.</summary>
    public static ExchangeTimes Of(Exchange exchange, TimeProvider time, TimeSpan total) => new(
        Between(time, exchange.Began, exchange.Leased), Between(time, exchange.Leased, exchange.Connected), Between(time, exchange.Connected, exchange.FirstByte), total);

    private static TimeSpan? Between(TimeProvider time, long began, long ended) => ended == 0 ? null : time.GetElapsedTime(began, ended);
}
