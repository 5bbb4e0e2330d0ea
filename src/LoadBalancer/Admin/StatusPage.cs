using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Admin;

/// <summary>/status: everything that runs, as JSON.</summary>
/// <param name="read">Reads the live objects.</param>
internal sealed class StatusPage(Func<GatewayStatus> read) : IAdminPage
{
    /// <inheritdoc/>
    public string Path => "/status";

    /// <inheritdoc/>
    public AdminAnswer Read(string? accept) => new(200, "application/json", StatusJson.Format(read()));
}
