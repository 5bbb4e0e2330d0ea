using LoadBalancer.Daemon.Upgrading;

namespace LoadBalancer.Daemon;

/// <summary>One order to be replaced by a new process, and the way back to whoever waits for its outcome. Thread-safe.</summary>
/// <param name="patience">How long the new process may take to be ready.</param>
internal sealed class UpgradeOrder(TimeSpan patience) : Order
{
    private readonly TaskCompletionSource<UpgradeOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How long the new process may take to be ready.</summary>
    public TimeSpan Patience => patience;

    /// <summary>The outcome, once there is one.</summary>
    public Task<UpgradeOutcome> Outcome => _outcome.Task;

    /// <summary>Tells the outcome to whoever waits.</summary>
    public void Done(UpgradeOutcome outcome) => _outcome.TrySetResult(outcome);
}
