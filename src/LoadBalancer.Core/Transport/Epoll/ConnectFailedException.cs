using System.Net;
using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>A connect that came to nothing, for callers who expect an exception: the control plane and the framework.</summary>
/// <param name="address">Whom it went to.</param>
/// <param name="fault">Why it failed.</param>
internal sealed class ConnectFailedException(EndPoint address, Fault fault) : IOException($"cannot connect to {address}: {fault.Reason}")
{
    /// <summary>Why it failed.</summary>
    public Fault Fault => fault;
}
