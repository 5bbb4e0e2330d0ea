namespace LoadBalancer.Redis;

/// <summary>What <see cref="RespReader"/> found.</summary>
internal enum RespStatus
{
    /// <summary>A whole reply.</summary>
    Whole,

    /// <summary>The beginning of one.</summary>
    Incomplete,

    /// <summary>No reply: whatever is at the other end, nobody can say where the next one begins.</summary>
    Malformed,
}
