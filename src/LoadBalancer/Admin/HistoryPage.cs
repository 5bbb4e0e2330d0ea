using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Admin;

/// <summary>/history: the configurations that were loaded, the oldest first, as JSON.</summary>
internal sealed class HistoryPage(ConfigHistory history) : IAdminPage
{
    /// <inheritdoc/>
    public string Path => "/history";

    /// <inheritdoc/>
    public AdminAnswer Read(string? accept) => AdminAnswer.Json(200, AdminJson.Format(history.Entries));
}
