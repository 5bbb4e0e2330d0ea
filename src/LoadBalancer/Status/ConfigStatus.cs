using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon.Status;

/// <summary>The configuration that runs, and how reloads went.</summary>
internal sealed record ConfigStatus
{
    /// <summary>A hash of its files, equal for equal files on every machine.</summary>
    public required string Version { get; init; }

    /// <summary>Where it comes from: what is not the file was brought back.</summary>
    public required ConfigOrigin Source { get; init; }

    /// <summary>Why the guard brought it back; null where it did not.</summary>
    public GuardStatus? TakenBack { get; init; }

    /// <summary>Until when the guard watches whether requests fare worse under it; null where it does not.</summary>
    public DateTimeOffset? GuardedUntil { get; init; }

    /// <summary>The files that it was read from, the main one first.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>When it was loaded.</summary>
    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>Reloads since the start that were applied, those that changed nothing included.</summary>
    public required long Reloads { get; init; }

    /// <summary>Reloads since the start that were refused and changed nothing.</summary>
    public required long RefusedReloads { get; init; }

    /// <summary>Returns since the start to an earlier version that operators asked for.</summary>
    public long Rollbacks { get; init; }

    /// <summary>Returns since the start to an earlier version by the guard.</summary>
    public long GuardReturns { get; init; }

    /// <summary>The latest attempt, where that was refused: the file on disk is not what runs. Null otherwise.</summary>
    public RefusalStatus? LastRefusal { get; init; }
}
