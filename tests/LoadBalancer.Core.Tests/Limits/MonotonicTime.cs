namespace LoadBalancer.Tests.Limits;

/// <summary>A clock of timestamps alone: whoever asks it what time of day it is has a bug.</summary>
internal sealed class MonotonicTime(Func<long> timestamp, long frequency) : TimeProvider
{
    public override long TimestampFrequency => frequency;

    public override long GetTimestamp() => timestamp();

    public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("the time of day was asked for");
}
