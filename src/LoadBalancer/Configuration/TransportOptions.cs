namespace LoadBalancer.Daemon.Configuration;

/// <summary>The engine: the file's <c>transport</c>. It is read once, at start.</summary>
public sealed record TransportOptions
{
    /// <summary>Event loops, 1 to 256; 0 is <c>auto</c>, the default: one a core that this process may use (cgroup limits respected).</summary>
    public int Loops { get; init; }
}
