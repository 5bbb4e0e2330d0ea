using Perfolizer.Horology;

namespace LoadBalancer.Bench;

/// <summary>The clock of this process's user time: what other processes and the kernel do meanwhile is not in it. Thread-safe.</summary>
public sealed class UserTime : IClock
{
    /// <inheritdoc/>
    public string Title => "user time";

    /// <inheritdoc/>
    public bool IsAvailable => true;

    /// <inheritdoc/>
    public Frequency Frequency => new(TimeSpan.TicksPerSecond);

    /// <inheritdoc/>
    public long GetTimestamp() => Environment.CpuUsage.UserTime.Ticks;
}
