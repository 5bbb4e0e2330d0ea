using LoadBalancer.Configuration;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>How many bytes a second the bodies of a caller may have: the file's <c>bandwidth</c>.</summary>
internal sealed record BandwidthOptions : IConfigurable<BandwidthOptions>
{
    private static readonly Kind<long> Rate = Kinds.Bandwidth("1B/s", "1GiB/s");

    /// <inheritdoc/>
    public static Shape<BandwidthOptions> Shape { get; } = new(
        "bandwidth", "Bytes a second of a caller's bodies and WebSockets, all that are under way at the same time together, in this instance. What is more waits; nothing is refused.",
        "{request: 1MB/s, response: 10MB/s}", () => new())
    {
        {
            "request", Rate.Or("off", 0), o => o.Request, (o, value) => o with { Request = value },
            "What the caller may send."
        },
        {
            "response", Rate.Or("off", 0), o => o.Response, (o, value) => o with { Response = value },
            "What it may be sent."
        },
        {
            "burst", Kinds.Size("1B", "1GiB").Or("auto", 0), o => o.Burst, (o, value) => o with { Burst = value },
            "What may pass at once in each direction, after a time of less. `auto` is what one second brings."
        },
    };

    /// <summary>Bytes a second from the caller; 0 for any.</summary>
    public long Request { get; init; }

    /// <summary>Bytes a second to the caller; 0 for any.</summary>
    public long Response { get; init; }

    /// <summary>Bytes at once; 0 for what one second brings.</summary>
    public long Burst { get; init; }

    /// <summary>A rate as the file says it.</summary>
    public static string Print(long rate) => Rate.Print(rate)!;

    /// <summary>Bytes at once at a rate.</summary>
    public long BurstAt(long rate) => Burst > 0 ? Burst : rate;
}
