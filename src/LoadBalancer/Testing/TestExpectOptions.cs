using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Testing;

/// <summary>What becomes of a request. What is null is not looked at.</summary>
internal sealed record TestExpectOptions : IConfigurable<TestExpectOptions>
{
    /// <inheritdoc/>
    public static Shape<TestExpectOptions> Shape { get; } = new(
        "test_expect", "What becomes of a request. Only what is written is looked at.", """{route: create-trip, upstream: trips, sent: {X-User-Id: alice}, verdicts: {auth: allowed}}""", () => new())
    {
        {
            "route", Kinds.Text(512).OrNull("none"), o => o.Route, (o, value) => o with { Route = value, IsUnrouted = value is null },
            "The name of the route that has it, as the access log has it; `none` where no route has."
        },
        {
            "outcome", Kinds.Word("forwarded", "answered", "refused", "closed"), o => o.Outcome!, (o, value) => o with { Outcome = value },
            "Whether it is sent on, answered by lb itself, refused, or its connection not even let in."
        },
        {
            "status", Kinds.Integer(100, 599).OrNothing("none"), o => o.Status, (o, value) => o with { Status = value },
            "The status of lb's own answer."
        },
        {
            "reason", Kinds.Name("a reason code"), o => o.Reason!, (o, value) => o with { Reason = value },
            "The reason code of a refusal, such as `token_expired`."
        },
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "The upstream that it goes to, or one of those that share it."
        },
        {
            "endpoints", Kinds.List(Kinds.Text(256)).Or("none", []), o => o.Endpoints, (o, value) => o with { Endpoints = value },
            "The addresses of the endpoints that may get it, all of them and in whatever order."
        },
        {
            "sent", Kinds.ByField(Kinds.Text(8192)), o => o.Sent, (o, value) => o with { Sent = value },
            "Header fields that the endpoint gets, with their values."
        },
        {
            "not_sent", Kinds.List(Kinds.Token("the name of a header field", "X-Debug")).Or("none", []), o => o.NotSent, (o, value) => o with { NotSent = value },
            "Header fields that the endpoint does not get."
        },
        {
            "path", Kinds.Text(8192), o => o.Path!, (o, value) => o with { Path = value },
            "The path and query that the endpoint gets."
        },
        {
            "location", Kinds.Text(8192), o => o.Location!, (o, value) => o with { Location = value },
            "Where a redirect leads."
        },
        {
            "verdicts", Kinds.ByName("the word of a policy", "auth", Kinds.Word("allowed", "changed", "skipped", "answered", "refused", "would_refuse", "not_reached")), o => o.Verdicts, (o, value) => o with { Verdicts = value },
            "What policies decide."
        },
    };

    /// <summary>The route; null for whichever.</summary>
    public string? Route { get; init; }

    /// <summary>True where no route may have it.</summary>
    public bool IsUnrouted { get; init; }

    /// <summary>What becomes of it; null for whatever.</summary>
    public string? Outcome { get; init; }

    /// <summary>The status; null for whichever.</summary>
    public int? Status { get; init; }

    /// <summary>The reason code; null for whichever.</summary>
    public string? Reason { get; init; }

    /// <summary>The upstream; null for whichever.</summary>
    public string? Upstream { get; init; }

    /// <summary>The endpoints; empty for whichever.</summary>
    public ValueList<string> Endpoints { get; init; }

    /// <summary>Fields that are sent.</summary>
    public ValueMap<string> Sent { get; init; } = ValueMap<string>.Empty;

    /// <summary>Fields that are not sent.</summary>
    public ValueList<string> NotSent { get; init; }

    /// <summary>The path and query that are sent; null for whichever.</summary>
    public string? Path { get; init; }

    /// <summary>Where a redirect leads; null for wherever.</summary>
    public string? Location { get; init; }

    /// <summary>Verdicts by the word of the policy.</summary>
    public ValueMap<string> Verdicts { get; init; } = ValueMap<string>.Empty;
}
