namespace LoadBalancer.Daemon.Reloading;

/// <summary>How reloads went since the process started.</summary>
/// <param name="Applied">Loads that took effect, those that changed nothing included; the first one is not counted.</param>
/// <param name="Refused">Loads that changed nothing because something was wrong.</param>
/// <param name="Errors">Why the last load was refused; empty where it took effect.</param>
/// <param name="RefusedAt">When it was refused; null where it took effect.</param>
internal sealed record ReloadOutcome(long Applied, long Refused, IReadOnlyList<string> Errors, DateTimeOffset? RefusedAt)
{
    /// <summary>What the last load found to work but hardly to be meant, each with its place.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Returns to an earlier version that an operator asked for.</summary>
    public long Rollbacks { get; init; }

    /// <summary>Returns to an earlier version by the guard.</summary>
    public long GuardReturns { get; init; }

    /// <summary>True where the guard watched, and does no more because of this order.</summary>
    public bool GuardEnded { get; init; }

    /// <summary>Before the first reload.</summary>
    public static ReloadOutcome None { get; } = new(0, 0, [], null);
}
