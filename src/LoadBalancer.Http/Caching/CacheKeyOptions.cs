using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Caching;

/// <summary>What of a request an answer is found by: the <c>key</c> of a route's <c>cache</c>.</summary>
internal sealed record CacheKeyOptions : IConfigurable<CacheKeyOptions>
{
    /// <inheritdoc/>
    public static Shape<CacheKeyOptions> Shape { get; } = new(
        "cache_key", "What of a request an answer is found by, besides the route, the scheme, the host, the path, and what the answer's Vary names.",
        "{query: [page, size], headers: [X-App-Version]}", () => new())
    {
        {
            "query", Kinds.List(Kinds.Text(256)).Or("none", []).OrNothing("all"), o => o.Query, (o, value) => o with { Query = value },
            "The query parameters of which the endpoint makes its answer: it gets these in this order and no others, so that nothing else can change what is kept. With `all` it gets the whole query, every letter of which counts."
        },
        {
            "headers", Kinds.List(Kinds.Token("the name of a header field", "X-App-Version")).Or("none", []), o => o.Headers, (o, value) => o with { Headers = value },
            "Header fields that count too. The answer to a request with a field that is not usual, not listed here and not named by the answer's Vary is not kept."
        },
        {
            "cookies", Kinds.List(Kinds.Token("the name of a cookie", "theme")).Or("none", []).OrNothing("unkeyed"), o => o.Cookies, (o, value) => o with { Cookies = value },
            "The cookies of which the endpoint makes its answer: where an answer may be kept it gets these and no others, and they count. With `unkeyed` it gets all of them, and the answer to a request with a cookie is kept only where " +
            "it says that it is `public`, or fresh for caches by `s-maxage`."
        },
    };

    /// <summary>The parameters that the endpoint gets; null for the whole query.</summary>
    public ValueList<string>? Query { get; init; }

    /// <summary>The header fields that count.</summary>
    public ValueList<string> Headers { get; init; }

    /// <summary>The cookies that the endpoint gets; null for all of them, of which none counts.</summary>
    public ValueList<string>? Cookies { get; init; }
}
