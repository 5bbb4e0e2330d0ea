namespace LoadBalancer.Redis;

/// <summary>News of a server.</summary>
/// <param name="Node">Its address.</param>
/// <param name="Failure">Why it cannot be asked, as a sentence without a capital and without a secret; null where it can be again.</param>
internal sealed record RedisReport(string Node, string? Failure);
