using System.Net;

namespace LoadBalancer.Health;

/// <summary>Asks an endpoint once whether it can serve. Thread-safe: one probe object serves all endpoints of an upstream.</summary>
internal abstract class Probe
{
    /// <summary>
    /// The answer of what listens at <paramref name="address"/>. Whatever it throws is a failed probe; the deadline is
    /// the caller's, told by <paramref name="cancellation"/>.
    /// </summary>
    public abstract ValueTask<ProbeAnswer> AskAsync(EndPoint address, CancellationToken cancellation);
}
