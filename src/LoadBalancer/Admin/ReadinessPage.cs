using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Admin;

/// <summary>/readyz: whether this instance should get new connections, for whoever spreads them over instances.</summary>
internal sealed class ReadinessPage(Readiness readiness) : IAdminPage
{
    /// <inheritdoc/>
    public string Path => "/readyz";

    /// <inheritdoc/>
    public AdminAnswer Read(string? accept)
    {
        var reasons = readiness.Reasons;
        return reasons.Count == 0 ? AdminAnswer.Text(200, "ready") : AdminAnswer.Text(503, $"not ready: {string.Join(", ", reasons)}");
    }
}
