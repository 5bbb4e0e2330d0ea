namespace LoadBalancer.Telemetry;

/// <summary>The words of <see cref="RetryReason"/> in logs and metrics.</summary>
public static class RetryReasons
{
    private static readonly string?[] Words = [.. Enum.GetNames<RetryReason>().Select((name, at) => at == 0 ? null : name.ToLowerInvariant())];

    /// <summary>All reasons.</summary>
    public static IReadOnlyList<RetryReason> All { get; } = [.. Enum.GetValues<RetryReason>().Skip(1)];

    extension(RetryReason reason)
    {
        /// <summary>The word; null for <see cref="RetryReason.None"/>.</summary>
        public string? Word => Words[(int)reason];
    }
}
