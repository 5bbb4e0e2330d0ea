namespace LoadBalancer.Http.Caching;

/// <summary>
/// Whose answers are kept: those of a route as it is configured, its upstreams and providers included. Nothing of one scope is found in another; a reload that changes
/// nothing of all that keeps it. Immutable and thread-safe.
/// </summary>
/// <param name="number">Which one, in this process.</param>
/// <param name="places">The cookies that keep a client at the variant or the endpoint that it met first: an answer is of that.</param>
/// <param name="conditions">The header fields that a request of the route has with one value: those that the route asks for.</param>
internal sealed class CacheScope(long number, byte[][] places, byte[][] conditions)
{
    /// <summary>Which one.</summary>
    public long Number => number;

    /// <summary>The names of the cookies that keep a client at one of several places that answer.</summary>
    public ReadOnlySpan<byte[]> Places => places;

    /// <summary>The names of the header fields that a request of the route has with one value.</summary>
    public ReadOnlySpan<byte[]> Conditions => conditions;
}
