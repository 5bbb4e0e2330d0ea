namespace LoadBalancer.SharedLimits;

/// <summary>What an instance asks of the store, for one caller.</summary>
/// <param name="Key">The caller's key there.</param>
/// <param name="Cost">What a request that waits is to be charged; 0 where none waits.</param>
/// <param name="Want">How many it would lease beyond that; it may get fewer.</param>
/// <param name="Back">How many of those that it was charged were never used.</param>
/// <param name="Mark">A time of the store, in microseconds, at or before which they were charged. Too early a time is safe: it gives back less, or later.</param>
internal readonly record struct LeaseRequest(ReadOnlyMemory<byte> Key, int Cost, int Want, long Back, long Mark);
