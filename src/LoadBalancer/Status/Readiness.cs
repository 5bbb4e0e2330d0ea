using System.Collections.Immutable;

namespace LoadBalancer.Daemon.Status;

/// <summary>
/// Whether this instance should get new connections, by the reasons against it: <c>starting</c> until the first listeners
/// are bound, <c>draining</c> from SIGTERM on. Thread-safe.
/// </summary>
internal sealed class Readiness
{
    /// <summary>The reason that holds until the daemon serves.</summary>
    public const string Starting = "starting";

    /// <summary>The reason that holds from the order to stop until the end.</summary>
    public const string Draining = "draining";

    private ImmutableSortedSet<string> _reasons = [Starting];

    /// <summary>True where nothing is against it.</summary>
    public bool IsReady => Reasons.Count == 0;

    /// <summary>What is against it, sorted.</summary>
    public IReadOnlyList<string> Reasons => Volatile.Read(ref _reasons);

    /// <summary>Adds a reason; once is enough.</summary>
    public void Hold(string reason) => ImmutableInterlocked.Update(ref _reasons, static (reasons, reason) => reasons.Add(reason), reason);

    /// <summary>Takes a reason away; one that is not there is fine.</summary>
    public void Release(string reason) => ImmutableInterlocked.Update(ref _reasons, static (reasons, reason) => reasons.Remove(reason), reason);
}
