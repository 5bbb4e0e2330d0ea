using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Admin;

/// <summary>POST /reload: reads the file again, and says what came of it; <c>?wait=false</c> answers 202 at once, <c>?guard=false</c> leaves the guard out.</summary>
/// <param name="reload">Orders a reload and waits for its end; it is canceled where the daemon ends first.</param>
/// <param name="version">The digest of the configuration that runs.</param>
internal sealed class ReloadAction(Func<ReloadRequest, Task<ReloadOutcome>> reload, Func<string> version) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => "/reload";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["wait", "guard"];

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        foreach (var parameter in Parameters)
        {
            if (request[parameter] is { } word and not ("true" or "false"))
            {
                return AdminAnswer.Problem(400, $"'{parameter}' is true or false, not '{word}'");
            }
        }

        var before = version();
        var ordered = reload(new ReloadRequest(ReloadCause.Command) { Guarded = request["guard"] != "false" });
        if (request["wait"] == "false")
        {
            // Nobody asks how it ends; /status tells.
            _ = ordered.ContinueWith(static task => task.Exception, TaskScheduler.Default);
            return AdminAnswer.Json(202, AdminJson.Format(new ReloadAnswer(Applied: false, Changed: false, before, [], [])));
        }

        return await AnswerAsync(ordered, before, version);
    }

    /// <summary>What came of an order.</summary>
    /// <param name="ordered">The order.</param>
    /// <param name="before">The digest of the configuration that ran before it.</param>
    /// <param name="version">The digest of the one that runs.</param>
    public static async Task<AdminAnswer> AnswerAsync(Task<ReloadOutcome> ordered, string before, Func<string> version)
    {
        try
        {
            var outcome = await ordered;
            var applied = outcome.Errors.Count == 0;
            return AdminAnswer.Json(
                applied ? 200 : 409, AdminJson.Format(new ReloadAnswer(applied, version() != before, version(), outcome.Errors, outcome.Warnings) { GuardEnded = outcome.GuardEnded }));
        }
        catch (OperationCanceledException)
        {
            return AdminAnswer.Problem(503, "lb is stopping");
        }
    }
}
