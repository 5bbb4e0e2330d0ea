namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// /healthz: whether the process works, for whoever would restart it. It stays 200 during a drain, which a restart would cut short.
/// </summary>
/// <param name="alive">True while every loop turns, as for the watchdog.</param>
internal sealed class HealthPage(Func<bool> alive) : IAdminPage
{
    /// <inheritdoc/>
    public string Path => "/healthz";

    /// <inheritdoc/>
    public AdminAnswer Read(string? accept) => alive() ? AdminAnswer.Text(200, "ok") : AdminAnswer.Text(503, "an event loop stands still");
}
