using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Admin;

/// <summary>/metrics: all metrics, in the format that the scraper asks for.</summary>
internal sealed class MetricsPage(Exposition exposition) : IAdminPage
{
    /// <inheritdoc/>
    public string Path => "/metrics";

    /// <inheritdoc/>
    public AdminAnswer Read(string? accept)
    {
        var (contentType, page) = exposition.Write(accept);
        return new AdminAnswer(200, contentType, []) { Pages = page };
    }
}
