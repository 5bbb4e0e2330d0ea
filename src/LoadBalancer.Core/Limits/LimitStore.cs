namespace LoadBalancer.Limits;

/// <summary>A place where several instances count together. Thread-safe.</summary>
internal abstract class LimitStore
{
    /// <summary>A limit that is counted there; its mode is <see cref="LimitMode.Exact"/> or <see cref="LimitMode.Leased"/>.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="alone">What counts in this process while the store cannot be asked; null where the limit does not want that.</param>
    /// <param name="time">The clock.</param>
    public abstract KeyedLimit Create(LimitSpec spec, KeyedLimit? alone, TimeProvider time);
}
