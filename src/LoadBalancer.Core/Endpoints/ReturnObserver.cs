namespace LoadBalancer.Endpoints;

/// <summary>Is told of every lease that ended: the seam between traffic and those who wait for room at an endpoint.</summary>
/// <remarks>Called on the data plane, from any thread, several at once, after the return has been counted.</remarks>
internal abstract class ReturnObserver
{
    /// <summary>Some endpoint may have room again.</summary>
    public abstract void Returned();
}
