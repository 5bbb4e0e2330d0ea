using System.Net;

namespace LoadBalancer.Daemon.Systemd;

/// <summary>A listening socket that the service manager opened.</summary>
/// <param name="Descriptor">Owned by the <see cref="ActivatedSockets"/> that it is in.</param>
/// <param name="Name">The socket unit's FileDescriptorName, or <c>unknown</c>.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="DualStack">True for an IPv6 socket that takes IPv4 clients too, as systemd makes it of a bare port.</param>
internal sealed record ActivatedSocket(int Descriptor, string Name, EndPoint Address, bool DualStack)
{
    /// <summary>True where a listener that binds <paramref name="address"/> is meant.</summary>
    public bool Serves(EndPoint address) => Address.Equals(address)
        || (DualStack && address is IPEndPoint { Address: var any, Port: var port } && any.Equals(IPAddress.Any)
            && Address is IPEndPoint own && own.Address.Equals(IPAddress.IPv6Any) && own.Port == port);
}
