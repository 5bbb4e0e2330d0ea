using LoadBalancer.Configuration;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Daemon.Testing;

/// <summary>What has to be true of every request that leads to some place.</summary>
internal sealed record TestAssertOptions : IConfigurable<TestAssertOptions>
{
    /// <inheritdoc/>
    public static Shape<TestAssertOptions> Shape { get; } = new(
        "test_assert", "What has to be true of every request that leads to some place; without a place, of every request that a route has.", "{upstream: payments, requires: [auth]}", () => new())
    {
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "Requests that this upstream may get: by a route's action, as a share, as a copy, or as the stand-in for an error."
        },
        {
            "listener", Kinds.Name("the name of a listener"), o => o.Listener!, (o, value) => o with { Listener = value },
            "Requests that come to this listener."
        },
        {
            "path", new PathKind(), o => o.Path!, (o, value) => o with { Path = value },
            "Requests for these paths, written as a route's `path`."
        },
        {
            "requires", Kinds.List(Kinds.Word("auth", "require", "rate_limit", "allow_ips", "tls")), o => o.Requires, (o, value) => o with { Requires = value },
            "What stands before it: policies that act (an optional `auth` does not, nor does one in the route's `shadow`), `rate_limit` for a limit that the route names, and `tls` for a listener that speaks it.", Presence.Required
        },
    };

    /// <summary>The upstream; null for whichever.</summary>
    public string? Upstream { get; init; }

    /// <summary>The listener; null for whichever.</summary>
    public string? Listener { get; init; }

    /// <summary>The paths; null for all.</summary>
    public string? Path { get; init; }

    /// <summary>What stands before it.</summary>
    public ValueList<string> Requires { get; init; }
}
