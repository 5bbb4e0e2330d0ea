using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Headers;

/// <summary>
/// Changes the fields that the client gets: <c>response_headers</c>, be the response an endpoint's or lb's own, errors too. A value that would
/// end its line is left out.
/// </summary>
internal sealed class ResponseHeadersPolicy : HttpPolicy
{
    private readonly HeaderChanges _changes;

    private ResponseHeadersPolicy(HeaderChanges changes) => _changes = changes;

    /// <inheritdoc/>
    public override string Key => "response_headers";

    /// <summary>The policy, or null where nothing is changed.</summary>
    public static ResponseHeadersPolicy? Create(PolicyBuild build) =>
        build.Options.ResponseHeaders is { } options ? new ResponseHeadersPolicy(new HeaderChanges(options, build.Captures)) : null;

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange) => _changes.Apply(exchange, exchange.Response.Fields);
}
