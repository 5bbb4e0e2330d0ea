using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Policies.Authentication;

/// <summary>Who may call a route: its <c>auth</c>, with either <c>any</c> or <c>all</c>.</summary>
internal sealed record AuthOptions : IConfigurable<AuthOptions>
{
    private static readonly Kind<string> ProviderName = Kinds.Name("the name of an entry of 'auth'");

    /// <inheritdoc/>
    public static Shape<AuthOptions> Shape { get; } = new(
        "route_auth", "Who has to be known: the entries of `auth` that a request is identified by.", "{any: [riders, partners], optional: true}", () => new(), shortForm: "any")
    {
        // Whoever says who may call says it whole: nothing of what the defaults say is left beside it.
        {
            "any", Kinds.List(ProviderName), o => o.Any, (_, value) => new AuthOptions { Any = value },
            "One of these. The first whose credential the request has decides, and a bad one is 401."
        },
        {
            "all", Kinds.List(ProviderName), o => o.All, (_, value) => new AuthOptions { All = value },
            "Each of these. The subject comes from the first, the plan from the last that gives one."
        },
        {
            "optional", Kinds.Boolean, o => o.Optional, (o, value) => o with { Optional = value },
            "Whether a request without any credential is let pass, as nobody. One with a bad credential never is."
        },
    };

    /// <summary>One of them is enough; empty where <see cref="All"/> is meant.</summary>
    public ValueList<string> Any { get; init; }

    /// <summary>All of them are needed; empty where <see cref="Any"/> is meant.</summary>
    public ValueList<string> All { get; init; }

    /// <summary>True where nobody has to be known.</summary>
    public bool Optional { get; init; }

    /// <summary>The names, whichever way they are meant.</summary>
    public ValueList<string> Names => All.Count > 0 ? All : Any;
}
