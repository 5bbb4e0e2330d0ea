using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Discovery;

/// <summary>Where an upstream's endpoints come from, beside those that the file lists: the seam for DNS and whatever may follow.</summary>
/// <remarks>
/// Control plane: it runs on the thread pool. One watch at a time; a reload that leaves its options as they are keeps the
/// object, and the next watch goes on where the one before ended.
/// </remarks>
internal abstract class EndpointDiscovery
{
    /// <summary>How it has gone so far; any thread.</summary>
    public abstract DiscoveryStatus Status { get; }

    /// <summary>
    /// The whole set of endpoints, as soon as it is known and each time that it has changed; no address twice. What fails is
    /// tried again in here, while the last good set stays: an enumeration ends when it is cancelled and for no other reason.
    /// </summary>
    /// <param name="cancellationToken">Ends it.</param>
    public abstract IAsyncEnumerable<ValueList<EndpointOptions>> WatchAsync(CancellationToken cancellationToken);
}
