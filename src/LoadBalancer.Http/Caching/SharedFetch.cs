using LoadBalancer.Faults;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What one exchange asks an endpoint for, and those who wait for what comes of it, over all loops. Its leader ends it or passes it on, once; whatever is said
/// after that has no effect. Thread-safe: all that changes is the <see cref="FetchTable"/>'s, under its lock.
/// </summary>
/// <param name="table">Where it is found.</param>
/// <param name="key">What is asked for.</param>
/// <param name="hash">The key's number.</param>
internal sealed class SharedFetch(FetchTable table, byte[] key, ulong hash)
{
    /// <summary>The key's number.</summary>
    public ulong Hash => hash;

    /// <summary>True while it is found; under the table's lock.</summary>
    internal bool IsUnderWay = true;

    /// <summary>True where it was asked for a second time because of what the first answer was; under the table's lock.</summary>
    internal bool IsSecondTry;

    /// <summary>Who has waited longest; under the table's lock.</summary>
    internal FetchWait? First;

    /// <summary>Who came last; under the table's lock.</summary>
    internal FetchWait? Last;

    /// <summary>True where it asks for that.</summary>
    public bool IsFor(ReadOnlySpan<byte> other) => other.SequenceEqual(key);

    /// <summary>The answer was kept: it is the answer to all who wait.</summary>
    public void Keep(CachedResponse response) => table.End(this, FetchEnd.Kept, response: response);

    /// <summary>All who wait look again.</summary>
    public void Release() => table.End(this, FetchEnd.Again);

    /// <summary>The answer is for nobody else: all who wait ask for themselves, and nobody waits for this key until <paramref name="until"/>, by the clock of durations.</summary>
    public void Refuse(long until) => table.End(this, FetchEnd.Alone, until: until);

    /// <summary>The endpoint has failed: so it has for all who wait.</summary>
    public void Fail(Fault fault) => table.End(this, FetchEnd.Failed, fault: fault);

    /// <summary>Its leader asks no longer: exactly one of those who wait does, for the others; where there is none, it ends.</summary>
    public void PassOn() => table.PassOn(this);

    /// <summary>
    /// There is an answer that those who wait cannot have, and which may be of its leader's own words: exactly one of them asks once more. False where one has done that already,
    /// so that it is no matter of words.
    /// </summary>
    public bool TryAgain() => table.PassOn(this, once: true);

    /// <summary>Somebody waits no longer; false where the end of the wait is on its way already.</summary>
    internal bool Leave(FetchWait wait) => table.Leave(this, wait);
}
