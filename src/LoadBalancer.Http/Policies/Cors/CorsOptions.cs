using LoadBalancer.Configuration;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Policies.Cors;

/// <summary>Which pages of other origins may use a route in browsers: a route's <c>cors</c>.</summary>
internal sealed record CorsOptions : IConfigurable<CorsOptions>
{
    private static readonly Kind<string> Field = Kinds.Token("the name of a header field", "X-Request-Id");

    /// <inheritdoc/>
    public static Shape<CorsOptions> Shape { get; } = new(
        "cors", "Which pages of other origins may use the route in browsers, and what for. lb answers preflights, before `auth` and limits, and says the rest in every response, in place of what endpoints say.",
        """{origins: ["https://app.example.com"], methods: [GET, PUT], headers: [Authorization], credentials: true}""", () => new(), shortForm: "origins")
    {
        {
            "origins", Kinds.List(new OriginKind()), o => o.Origins, (o, value) => o with { Origins = value },
            "The origins: `https://app.example.com`, with a port where it is not the scheme's own; `\"*.example.com\"` for https and one or more labels; or `\"*\"` for all, without `credentials`. " +
            "A WebSocket of another origin gets 403.", Presence.Required
        },
        {
            "methods", Kinds.List(new MethodKind()), o => o.Methods, (o, value) => o with { Methods = value },
            "The methods that a page may use."
        },
        {
            "headers", Kinds.List(Field).Or("none", []), o => o.Headers, (o, value) => o with { Headers = value },
            "The request's header fields that a page may set, beside those that every page may."
        },
        {
            "expose", Kinds.List(Field).Or("none", []), o => o.Expose, (o, value) => o with { Expose = value },
            "The response's header fields that a page may read, beside those that every page may."
        },
        {
            "credentials", Kinds.Boolean, o => o.Credentials, (o, value) => o with { Credentials = value },
            "Whether browsers send cookies, client certificates and passwords that they keep."
        },
        {
            "max_age", Kinds.Duration("0s", "1d"), o => o.MaxAge, (o, value) => o with { MaxAge = value },
            "How long a browser may remember the answer to a preflight; many have a shorter bound of their own."
        },
    };

    /// <summary>The origins, see <see cref="OriginKind"/>.</summary>
    public ValueList<string> Origins { get; init; }

    /// <summary>The methods.</summary>
    public ValueList<string> Methods { get; init; } = ["GET", "HEAD", "POST"];

    /// <summary>The request's fields.</summary>
    public ValueList<string> Headers { get; init; }

    /// <summary>The response's fields.</summary>
    public ValueList<string> Expose { get; init; }

    /// <summary>True where browsers send what identifies their user.</summary>
    public bool Credentials { get; init; }

    /// <summary>How long the answer to a preflight may be remembered.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(10);
}
