using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Headers;

/// <summary>
/// Changes the fields that the endpoint gets: <c>request_headers</c>. What is of the client's connection is gone by then, and lb's own fields
/// are there, so that the file has the last word on all of them. A value that would end its line is refused.
/// </summary>
internal sealed class RequestHeadersPolicy : HttpPolicy
{
    private readonly HeaderChanges _changes;

    private RequestHeadersPolicy(HeaderChanges changes) => _changes = changes;

    /// <inheritdoc/>
    public override string Key => "request_headers";

    /// <summary>The policy, or null where nothing is changed.</summary>
    public static RequestHeadersPolicy? Create(PolicyBuild build) =>
        build.Options.RequestHeaders is { } options ? new RequestHeadersPolicy(new HeaderChanges(options, build.Captures)) : null;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        var fault = _changes.Apply(exchange, exchange.Request.Fields);
        return new(fault == FaultKind.None ? PolicyOutcome.Changed : PolicyOutcome.Refuse(fault));
    }
}
