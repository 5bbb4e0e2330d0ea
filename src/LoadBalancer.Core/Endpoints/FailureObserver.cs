using LoadBalancer.Faults;

namespace LoadBalancer.Endpoints;

/// <summary>Is told of every lease that ended with a fault of the endpoint: the seam between traffic and passive health.</summary>
/// <remarks>Called on the data plane, from any thread, several at once: no lock, no wait, no exception.</remarks>
internal abstract class FailureObserver
{
    /// <summary>A lease of <paramref name="endpoint"/> ended with <paramref name="fault"/>, whose side is the upstream.</summary>
    /// <param name="endpoint">Whose lease it was.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="answered">True where the endpoint had answered before.</param>
    public abstract void Failed(Endpoint endpoint, Fault fault, bool answered);
}
