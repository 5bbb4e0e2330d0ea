using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>A wish for another configuration: the file's as it is now, or, of a rollback and of the guard, one that ran before.</summary>
/// <param name="By">Whose wish it is.</param>
internal sealed record ReloadRequest(ReloadCause By)
{
    /// <summary>False where the guard is to be left out, whatever the file says of it.</summary>
    public bool Guarded { get; init; } = true;

    /// <summary>How often the file had been loaded when the watcher saw it change: after another load it sees for itself whether there is more.</summary>
    public long Loads { get; init; }

    /// <summary>The version that a rollback asks for, or how its digest begins; null for the one before.</summary>
    public string? Version { get; init; }
}
