using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Daemon.Upgrading;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /upgrade: starts the program anew, as it is on the disk now, and lets it take over; answers when it has, or why it has not.
/// <c>?within=DURATION</c> bounds the time that it has.
/// </summary>
/// <param name="upgrade">Orders it and waits for its end.</param>
internal sealed class UpgradeAction(Func<TimeSpan, Task<UpgradeOutcome>> upgrade) : IAdminAction
{
    private static readonly DurationKind Durations = new("100ms", "90s");

    /// <inheritdoc/>
    public string Path => "/upgrade";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["within"];

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        var patience = Upgrade.Patience;
        if (request["within"] is { } within && !Durations.TryParse(within, out patience))
        {
            return AdminAnswer.Problem(400, $"'within' expects {Durations.Expected}, not {ScalarNode.Quote(within)}");
        }

        return await upgrade(patience) switch
        {
            { ProcessId: { } process } => AdminAnswer.Json(200, AdminJson.Format(new UpgradeAnswer(process))) with { Headers = [("Connection", "close")] },
            var failed => AdminAnswer.Problem(409, $"{failed.Failure}; what ran before goes on"),
        };
    }
}
