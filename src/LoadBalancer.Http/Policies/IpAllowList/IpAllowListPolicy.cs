using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.IpAllowList;

/// <summary>
/// Lets only some clients call: a route's <c>allow_ips</c> and <c>deny_ips</c>. The client is who a trusted proxy says it is. What is denied is
/// refused even where it is allowed too; without an allow list everybody else may. A client without an address came over a Unix socket and is
/// let pass: the file's mode says who that may be.
/// </summary>
internal sealed class IpAllowListPolicy : HttpPolicy
{
    private readonly IpSet _allowed;
    private readonly IpSet _denied;

    private IpAllowListPolicy(RoutePolicyOptions options)
    {
        _allowed = new IpSet(options.AllowIps);
        _denied = new IpSet(options.DenyIps);
    }

    /// <inheritdoc/>
    public override string Key => "allow_ips";

    /// <summary>The policy, or null where there is no list.</summary>
    public static IpAllowListPolicy? Create(PolicyBuild build) =>
        build.Options.AllowIps.Count + build.Options.DenyIps.Count == 0 ? null : new IpAllowListPolicy(build.Options);

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        var isDenied = exchange.ClientAddress is { } client && (_denied.Contains(client) || (!_allowed.IsEmpty && !_allowed.Contains(client)));
        return new(isDenied ? PolicyOutcome.Refuse(FaultKind.AddressDenied) : PolicyOutcome.Allowed);
    }
}
