namespace LoadBalancer.Tcp;

/// <summary>Time bounds of a TCP listener's connections: the file's <c>listeners.NAME.timeouts</c>.</summary>
public sealed record TcpTimeouts
{
    /// <summary>The connect to one endpoint; null, the default, leaves it to the upstream.</summary>
    public TimeSpan? Connect { get; init; }

    /// <summary>With no byte in either direction for this long, the connection is closed; default 10 min.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>After one side has closed its half, the other has this long between bytes; default 1 min.</summary>
    public TimeSpan HalfClosed { get; init; } = TimeSpan.FromMinutes(1);
}
