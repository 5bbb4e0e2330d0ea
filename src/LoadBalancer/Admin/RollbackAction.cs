using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /rollback: makes a configuration the present that ran before, the one before this or <c>?version=DIGEST</c>, and leaves the file
/// as it is: it is loaded when it changes, or when somebody asks for a reload.
/// </summary>
/// <param name="reload">Orders it and waits for its end; it is canceled where the daemon ends first.</param>
/// <param name="version">The digest of the configuration that runs.</param>
internal sealed class RollbackAction(Func<ReloadRequest, Task<ReloadOutcome>> reload, Func<string> version) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => "/rollback";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["version"];

    /// <inheritdoc/>
    public Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        var before = version();
        return ReloadAction.AnswerAsync(reload(new ReloadRequest(ReloadCause.Rollback) { Version = request["version"] }), before, version);
    }
}
