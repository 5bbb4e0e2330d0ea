namespace LoadBalancer.Limits;

/// <summary>A place where several instances count together. Thread-safe.</summary>
internal abstract class LimitStore
{
    /// <summary>A limit that is counted there; its mode is <see cref="LimitMode.Exact"/> or <see cref="LimitMode.Leased"/>.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="alone">What counts in this process while the store cannot be asked; null where the limit does not want that.</param>
    /// <param name="time">The clock.</param>
    public abstract KeyedLimit Create(LimitSpec spec, KeyedLimit? alone, TimeProvider time);

    /// <summary>Asks several exact limits of this store about one request with one question, and charges all of them or none.</summary>
    /// <param name="asked">At least one and at most <see cref="LimitAnswers.Most"/> that <see cref="Create"/> gave, no two the same. Not all need be asked: those that are kept
    /// elsewhere than the first may be left out, with all that follow.</param>
    /// <returns>Completed, or completes on any thread, in bounded time, and never fails.</returns>
    public abstract ValueTask<LimitAnswers> TakeAsync(ReadOnlyMemory<LimitQuestion> asked);
}
