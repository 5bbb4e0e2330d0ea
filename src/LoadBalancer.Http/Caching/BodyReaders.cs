namespace LoadBalancer.Http.Caching;

/// <summary>
/// The clients that are on their way through a long body, and what it weighs while only they hold it. One for all answers that have the body: each 304 makes a new answer
/// of it, and it is in memory once. Of one shard.
/// </summary>
internal sealed class BodyReaders
{
    /// <summary>How many there are. Interlocked.</summary>
    public int Count;

    /// <summary>What it weighs though no answer that has it is kept, in bytes; 0 where one is. Written under the shard's lock.</summary>
    public long Lingering;
}
