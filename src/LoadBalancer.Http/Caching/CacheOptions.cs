using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Caching;

/// <summary>Which answers a route keeps and gives again: its <c>cache</c>.</summary>
internal sealed record CacheOptions : IConfigurable<CacheOptions>
{
    /// <inheritdoc/>
    public static Shape<CacheOptions> Shape { get; } = new(
        "route_cache", "Which of the route's answers are kept in memory and given again, as a shared cache does it (RFC 9111).", "{ttl: 30s}", () => new(), shortForm: "ttl")
    {
        {
            "ttl", Kinds.Duration("1s", "30d").OrNothing("endpoint"), o => o.Ttl, (o, value) => o with { Ttl = value },
            "For how long an answer is fresh, in place of what it says of that; `endpoint` for what it says: `s-maxage`, `max-age`, or the field Expires. " +
            "What an answer forbids by `no-store`, `private`, `no-cache` or by setting a cookie stays forbidden, and errors are kept only where they themselves say for how long."
        },
        {
            "share", Kinds.Word("none", "plan", "all"), o => Text(o.Share), (o, value) => o with { Share = SharingOf(value) },
            "Who gets an answer to a caller whom `auth` has found out: `none` for nobody, such requests pass the cache by; `plan` for callers of the same plan; `all` for every known caller. " +
            "Those whom nobody knows have answers of their own."
        },
        {
            "tags", Kinds.Token("the name of a header field", "Cache-Tag").OrNull("none"), o => o.Tags, (o, value) => o with { Tags = value },
            "The response's field in which the endpoint names its tags, words with commas or spaces between them, by which answers can be given up: `lb purge --tag WORD`. It is not sent to clients. " +
            "An answer with more than 128 is not kept."
        },
        {
            "key", Kinds.Record<CacheKeyOptions>(), o => o.Key, (o, value) => o with { Key = value },
            "What of a request an answer is found by."
        },
        {
            "coalesce", Kinds.Duration("10ms", "1m").OrNothing("off"), o => o.Coalesce, (o, value) => o with { Coalesce = value },
            "How long a request waits for the answer to another one that asks for the same, so that the endpoint is asked once; then it asks for itself. `off` for not at all. " +
            "If the endpoint fails, it has failed for all who wait. A request with a credential waits only where `share` gives its answer to others."
        },
        {
            "stale_while_revalidate", Kinds.Duration("0s", "30d").OrNothing("endpoint"), o => o.StaleWhileRevalidate, (o, value) => o with { StaleWhileRevalidate = value },
            "For how long an answer that is no longer fresh is sent all the same, while the endpoint is asked anew in the background (RFC 5861); `endpoint` for what the answer says. " +
            "Not where it says `must-revalidate`, `proxy-revalidate`, `s-maxage` or `no-cache`, nor once something has changed it."
        },
        {
            "stale_if_error", Kinds.Duration("0s", "30d").OrNothing("endpoint"), o => o.StaleIfError, (o, value) => o with { StaleIfError = value },
            "For how long an answer that is no longer fresh is sent where the endpoint cannot be reached, takes too long or answers with 5xx (RFC 5861); `endpoint` for what the answer says. " +
            "Not where it says what is named at `stale_while_revalidate`."
        },
    };

    /// <summary>For how long an answer is fresh; null for what it says.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>The response's field that has its tags; null for none.</summary>
    public string? Tags { get; init; }

    /// <summary>Who gets an answer to a known caller.</summary>
    public CacheSharing Share { get; init; }

    /// <summary>What of a request an answer is found by.</summary>
    public CacheKeyOptions Key { get; init; } = new();

    /// <summary>How long a request waits for another one's answer; null for not at all.</summary>
    public TimeSpan? Coalesce { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For how long a stale answer is sent while it is asked for anew; null for what it says.</summary>
    public TimeSpan? StaleWhileRevalidate { get; init; }

    /// <summary>For how long a stale answer is sent in place of an error; null for what it says.</summary>
    public TimeSpan? StaleIfError { get; init; }

    private static string Text(CacheSharing share) => share switch
    {
        CacheSharing.Plan => "plan",
        CacheSharing.All => "all",
        _ => "none",
    };

    private static CacheSharing SharingOf(string word) => word switch
    {
        "plan" => CacheSharing.Plan,
        "all" => CacheSharing.All,
        _ => CacheSharing.None,
    };
}
