namespace LoadBalancer.Daemon.Configuration;

/// <summary>When the file is read again: the file's <c>reload</c>.</summary>
public sealed record ReloadOptions
{
    /// <summary>True where a changed file is loaded without a signal; default true.</summary>
    public bool Watch { get; init; } = true;
}
