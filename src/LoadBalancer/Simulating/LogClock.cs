namespace LoadBalancer.Daemon.Simulating;

/// <summary>The time of a log: what stands at a line while it is replayed. It never goes back. Timers are those of the system, and nobody waits for one. One thread.</summary>
/// <param name="start">The first time.</param>
internal sealed class LogClock(DateTimeOffset start) : TimeProvider
{
    private readonly DateTimeOffset _start = start;
    private DateTimeOffset _now = start;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _now;

    /// <inheritdoc/>
    public override long GetTimestamp() => (_now - _start).Ticks;

    /// <summary>It is <paramref name="time"/> now, or was later already.</summary>
    public void MoveTo(DateTimeOffset time) => _now = time > _now ? time : _now;
}
