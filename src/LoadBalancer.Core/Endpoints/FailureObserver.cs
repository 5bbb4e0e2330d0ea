using LoadBalancer.Faults;

namespace LoadBalancer.Endpoints;

/// <summary>Is told of what went wrong at an endpoint, be it a lease that ended with its fault: the seam between traffic and passive health.</summary>
/// <remarks>Called on the data plane, from any thread, several at once: no lock, no wait, no exception.</remarks>
internal abstract class FailureObserver
{
    /// <summary>A lease of <paramref name="endpoint"/> ended with <paramref name="fault"/>, whose side is the upstream.</summary>
    /// <param name="endpoint">Whose lease it was.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="answered">True where the endpoint had answered before.</param>
    public abstract void Failed(Endpoint endpoint, Fault fault, bool answered);

    /// <summary><paramref name="endpoint"/> had said nothing yet when another one, asked later, answered in its place. To be slower once is nobody's fault.</summary>
    /// <param name="endpoint">Who was too slow.</param>
    public abstract void Outrun(Endpoint endpoint);
}
