using System.Net;
using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.IpAllowList;

/// <summary>
/// Lets only some addresses connect: <c>allow_ips</c> and <c>deny_ips</c>. What is denied is refused even where it is allowed too;
/// without an allow list everybody else may. The peer of a Unix socket has no address and is let pass: the file's mode says who that may be.
/// </summary>
internal sealed class IpAllowListPolicy : ConnectionPolicy
{
    private readonly IpSet _allowed;
    private readonly IpSet _denied;

    private IpAllowListPolicy(ConnectionPolicyOptions options)
    {
        _allowed = new IpSet(options.AllowIps);
        _denied = new IpSet(options.DenyIps);
    }

    /// <summary>The policy, or null where there is no list.</summary>
    public static IpAllowListPolicy? Create(ConnectionPolicyOptions options, ConnectionPolicyChain? previous, BuildContext context) =>
        options.AllowIps.Count + options.DenyIps.Count == 0 ? null : new IpAllowListPolicy(options);

    /// <inheritdoc/>
    public override ValueTask<Fault> AdmitAsync(EpollConnection client) => new(Judge(client.RemoteEndPoint));

    /// <summary>What is said to a client at this address.</summary>
    public Fault Judge(EndPoint? address) => address is IPEndPoint && (_denied.Contains(address) || (!_allowed.IsEmpty && !_allowed.Contains(address)))
        ? new Fault(FaultSide.Client, FaultKind.AddressDenied)
        : Fault.None;
}
