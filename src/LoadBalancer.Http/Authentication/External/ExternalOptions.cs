using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.External;

/// <summary>A service that says of each request whether it may pass: the file's <c>auth.NAME.external</c>.</summary>
internal sealed record ExternalOptions : IConfigurable<ExternalOptions>
{
    /// <inheritdoc/>
    public static Shape<ExternalOptions> Shape { get; } = new(
        "external_auth",
        "A service that is asked about each request, whether it has a credential or not: with GET, and `X-Original-Method`, `X-Original-Host`, `X-Original-Uri`, `X-Forwarded-For` and " +
        "`X-Forwarded-Proto`. 2xx lets it pass; 3xx and 4xx but 408 and 429 refuse it; anything else is a failure.",
        "{url: \"https://auth.internal/check\", forward: [X-User-Id], cache: 300s}", () => new(), shortForm: "url")
    {
        {
            "url", Kinds.HttpUrl, o => o.Url, (o, value) => o with { Url = value },
            "What is asked for, as it stands.", Presence.Required
        },
        {
            "send", Kinds.List(Kinds.Token("the name of a header field", "Authorization")), o => o.Send, (o, value) => o with { Send = value },
            "The fields of the request that the service gets too."
        },
        {
            "forward", Kinds.List<string>(new IdentityHeaderKind()).Or("none", []), o => o.Forward, (o, value) => o with { Forward = value },
            "The fields of its answer that the endpoint gets, and no others. No client can supply these fields."
        },
        {
            "subject_header", Kinds.Token("the name of a header field", "X-User-Id").OrNull("none"), o => o.SubjectHeader, (o, value) => o with { SubjectHeader = value },
            "The field of its answer that says who calls; an answer without it refuses. With `none`, who calls has no name."
        },
        {
            "plan_header", Kinds.Token("the name of a header field", "X-Plan").OrNull("none"), o => o.PlanHeader, (o, value) => o with { PlanHeader = value },
            "The field of its answer that names the caller's plan."
        },
        {
            "cache", Kinds.Duration("1s", "1h").OrNothing("off"), o => o.Cache, (o, value) => o with { Cache = value },
            "How long an answer holds for requests of which the service would be sent the very same: method, host, path and query, client address and `send`. A refusal 10 seconds at most. " +
            "An answer with `Cache-Control: no-store` is not kept."
        },
        {
            "timeout", Kinds.Duration("10ms", "60s"), o => o.Timeout, (o, value) => o with { Timeout = value },
            "How long the service has to answer."
        },
        {
            "on_failure", Kinds.Word("deny", "allow"), o => o.AllowsOnFailure ? "allow" : "deny", (o, value) => o with { AllowsOnFailure = value == "allow" },
            "What becomes of requests while the service cannot be asked: `deny` is 503, `allow` lets them pass as a caller without a name."
        },
        {
            "allow_http", Kinds.Boolean, o => o.AllowHttp, (o, value) => o with { AllowHttp = value },
            "Whether the service may be asked in clear, where everybody on the way can read credentials. On this machine it always may."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "A PEM file with the authorities of which one must vouch for the service's certificate. `none`: those of this machine."
        },
        {
            "keep_credential", Kinds.Boolean, o => o.KeepCredential, (o, value) => o with { KeepCredential = value },
            "Whether the endpoint gets the fields of `send` too."
        },
    };

    /// <summary>What is asked for.</summary>
    public string Url { get; init; } = null!;

    /// <summary>The fields of the request that the service gets.</summary>
    public ValueList<string> Send { get; init; } = ["Authorization", "Cookie"];

    /// <summary>The fields of the answer that the endpoint gets.</summary>
    public ValueList<string> Forward { get; init; }

    /// <summary>The field of the answer that says who calls; null for none.</summary>
    public string? SubjectHeader { get; init; }

    /// <summary>The field of the answer that names the plan; null for none.</summary>
    public string? PlanHeader { get; init; }

    /// <summary>How long an answer holds; null for one request.</summary>
    public TimeSpan? Cache { get; init; }

    /// <summary>How long the service has.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>True where requests pass while the service cannot be asked.</summary>
    internal bool AllowsOnFailure { get; init; }

    /// <summary>True where the service may be asked in clear.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Who vouches for the service; null for the authorities of this machine.</summary>
    public string? Ca { get; init; }

    /// <summary>True where the endpoint gets the fields of <see cref="Send"/> too.</summary>
    public bool KeepCredential { get; init; } = true;

    /// <summary>How far the service is trusted.</summary>
    public OutboundTrust Trust => new(Ca, AllowHttp);
}
