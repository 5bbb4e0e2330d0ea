using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon;

/// <summary>One order to reload, and the way back to whoever waits for its outcome. Thread-safe.</summary>
/// <param name="request">What is asked for.</param>
internal sealed class ReloadOrder(ReloadRequest request) : Order
{
    private readonly TaskCompletionSource<ReloadOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is asked for.</summary>
    public ReloadRequest Request => request;

    /// <summary>The outcome, once there is one.</summary>
    public Task<ReloadOutcome> Outcome => _outcome.Task;

    /// <summary>Tells the outcome to whoever waits.</summary>
    public void Done(ReloadOutcome outcome) => _outcome.TrySetResult(outcome);
}
