using LoadBalancer.Configuration;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Responses;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// Which requests, what is done with them, and where they go: an item of the file's <c>listeners.NAME.http.routes</c>, the listener's
/// defaults merged in. It has exactly one of the actions <see cref="Upstream"/>, <see cref="Split"/>, <see cref="Redirect"/> and
/// <see cref="Respond"/>. <see cref="RouteMatch"/> says which of two routes wins.
/// </summary>
internal sealed record RouteOptions : IConfigurable<RouteOptions>
{
    /// <inheritdoc/>
    public static Shape<RouteOptions> Shape { get; } = Over(new RoutePolicyOptions());

    private KeptPattern _pattern;

    /// <summary>Its name in metrics, logs and explain; null where the file gives none.</summary>
    public string? Name { get; init; }

    /// <summary>The host in lower case, exact or <c>*.</c> before a suffix; null for every host.</summary>
    public string? Host { get; init; }

    /// <summary>The path as <see cref="PathPattern"/> has it; null for every path, or where there is <see cref="PathRegex"/>.</summary>
    public string? Path { get; init; }

    /// <summary>A regular expression of the whole canonical path; null for none.</summary>
    public string? PathRegex { get; init; }

    /// <summary>The methods, GET for HEAD as well; empty for all.</summary>
    public ValueList<string> Methods { get; init; }

    /// <summary>What header fields have to be, by name.</summary>
    public ValueMap<string> Headers { get; init; } = ValueMap<string>.Empty;

    /// <summary>What query parameters have to be, by name.</summary>
    public ValueMap<string> Query { get; init; } = ValueMap<string>.Empty;

    /// <summary>Between routes of one rank the higher number wins.</summary>
    public int Priority { get; init; }

    /// <summary>The name of the upstream that takes the requests; null where another action is given.</summary>
    public string? Upstream { get; init; }

    /// <summary>The upstreams that share the requests; null where another action is given.</summary>
    public SplitOptions? Split { get; init; }

    /// <summary>Where clients are sent; null where another action is given.</summary>
    public RedirectOptions? Redirect { get; init; }

    /// <summary>The response of lb's own; null where another action is given.</summary>
    public RespondOptions? Respond { get; init; }

    /// <summary>Who gets copies; null for nobody.</summary>
    public MirrorOptions? Mirror { get; init; }

    /// <summary>What the route allows otherwise than its listener.</summary>
    public RouteLimits Limits { get; init; } = new();

    /// <summary>What its keys say of policies, over those of its listener and of the file.</summary>
    internal RoutePolicyOptions Policies { get; init; } = new();

    /// <summary>The whole exchange; null for no bound.</summary>
    public TimeSpan? Timeout => Policies.Timeout;

    /// <summary>The names of all upstreams that it leads to: those of its action, the mirror, and <c>on_error</c>. Some may come twice.</summary>
    public IEnumerable<string> Upstreams
    {
        get
        {
            if (Upstream is not null)
            {
                yield return Upstream;
            }

            if (Mirror is not null)
            {
                yield return Mirror.Upstream;
            }

            if (Split is not null)
            {
                foreach (var name in Split.To.Keys)
                {
                    yield return name;
                }
            }

            foreach (var (_, answer) in Policies.OnError)
            {
                if (answer.Upstream is not null)
                {
                    yield return answer.Upstream;
                }
            }
        }
    }

    /// <summary>What <see cref="Path"/> or <see cref="PathRegex"/> means, parsed once: each step of a load asks, and there may be thousands of routes.</summary>
    /// <exception cref="ArgumentException">It was not read without an error.</exception>
    internal PathPattern Pattern => _pattern.Of(this);

    /// <summary>The keys of a route that is read over <paramref name="defaults"/>.</summary>
    internal static Shape<RouteOptions> Over(RoutePolicyOptions defaults) => new Shape<RouteOptions>(
        "route", "Which requests, what is done with them, and where they go. The most specific route wins, whatever their order.",
        """{host: api.example.com, path: "/users/*", methods: [GET], upstream: users}""", () => new() { Policies = defaults })
    {
        {
            "name", Kinds.Name("the name of a route"), o => o.Name!, (o, value) => o with { Name = value },
            "Its name in metrics and logs; without one it is called by host and path."
        },
        {
            "host", new RouteHostKind(), o => o.Host!, (o, value) => o with { Host = value },
            "The host that is asked for, without a port: exact, or `\"*.example.com\"` for one or more labels before `example.com`. Without one every host is meant. " +
            "The exact host wins, then the longest wildcard."
        },
        {
            "path", new PathKind(), o => o.Path!, (o, value) => o with { Path = value },
            "The path: exact, `\"/users/*\"` for `/users` and everything below it, or `\"/trips/{id}/track\"`, in which `{id}` stands for one segment. Without one every path is meant. " +
            "The exact path wins, then the template with more literal segments, then the longer prefix, then `path_regex`."
        },
        {
            "path_regex", new PathRegexKind(), o => o.PathRegex!, (o, value) => o with { PathRegex = value },
            "A regular expression of the whole path, in .NET's syntax without look-around and backreferences. Two of them on one host need different priorities."
        },
        {
            "methods", Kinds.List(new MethodKind()), o => o.Methods, (o, value) => o with { Methods = value },
            "The methods; `GET` includes `HEAD`. Where the path fits and the method does not, the answer is 405, and no broader route is tried."
        },
        {
            "headers", Kinds.ByField(Kinds.Text(1024)), o => o.Headers, (o, value) => o with { Headers = value },
            "Header fields and the value that each has to have. A field that comes twice has none."
        },
        {
            "query", Kinds.ByParameter(Kinds.Text(1024)), o => o.Query, (o, value) => o with { Query = value },
            "Query parameters and the value that each has to have. A parameter that comes twice has none."
        },
        {
            "priority", Kinds.Integer(-1_000_000, 1_000_000), o => o.Priority, (o, value) => o with { Priority = value },
            "Between routes of one rank, to which a request could belong alike, the higher number wins. Of regular expressions on one host the higher number wins always."
        },
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "The upstream that takes the requests."
        },
        {
            "split", Kinds.Record<SplitOptions>().OrNull("none"), o => o.Split, (o, value) => o with { Split = value },
            "Several upstreams that share the requests."
        },
        {
            "redirect", Kinds.Record<RedirectOptions>().OrNull("none"), o => o.Redirect, (o, value) => o with { Redirect = value },
            "Another place that clients are sent to."
        },
        {
            "respond", Kinds.Record<RespondOptions>().Or("readiness", RespondOptions.Readiness).OrNull("none"), o => o.Respond, (o, value) => o with { Respond = value },
            "A response of lb's own. `readiness`: 200 or 503 as `/readyz` says, for a load balancer in front that probes this port."
        },
        {
            "mirror", Kinds.Record<MirrorOptions>().OrNull("none"), o => o.Mirror, (o, value) => o with { Mirror = value },
            "An upstream that gets a copy of the requests."
        },
        {
            "limits", Kinds.Record<RouteLimits>(), o => o.Limits, (o, value) => o with { Limits = value },
            "What the route allows otherwise than its listener."
        },
    }.Including(RoutePolicyOptions.Shape, o => o.Policies, (o, value) => o with { Policies = value });

    /// <summary>Equal to every other, so that routes of one text are equal whether they were asked for their patterns or not.</summary>
    private struct KeptPattern : IEquatable<KeptPattern>
    {
        private PathPattern? _pattern;

        /// <summary>A copy of a route may have another path than the one that was kept with it.</summary>
        public PathPattern Of(RouteOptions route)
        {
            if (_pattern is { } kept && ReferenceEquals(kept.Text, route.Path ?? route.PathRegex))
            {
                return kept;
            }

            return _pattern = PathPattern.Of(route);
        }

        public readonly bool Equals(KeptPattern other) => true;

        public override readonly bool Equals(object? obj) => obj is KeptPattern;

        public override readonly int GetHashCode() => 0;
    }
}
