namespace LoadBalancer.Connections;

/// <summary>What a listener's keys say of its connection policies; equal options make the same chain. Default: no policy.</summary>
public sealed record ConnectionPolicyOptions
{
    /// <summary>No policy at all.</summary>
    public static ConnectionPolicyOptions None { get; } = new();
}
