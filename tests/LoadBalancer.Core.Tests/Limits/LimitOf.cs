using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>Limits as tests want them, and what is asked of them.</summary>
internal static class LimitOf
{
    public static LocalLimit Rate(long count, TimeSpan window, TimeProvider time, int burst = 0, LimitMemory? memory = null)
    {
        var rule = new LimitRule { Rate = new Rate(count, window), Burst = burst };
        return new LocalLimit(new LimitSpec("limit", "free", rule, LimitMode.Local, StoreFailure.Local), time, memory ?? new LimitMemory(1 << 30));
    }

    public static LimitAnswer Take(this LocalLimit limit, ulong caller, int cost = 1) => limit.Take(new LimitKey(caller, []), cost);

    public static LimitAnswer Peek(this LocalLimit limit, ulong caller, int cost = 1) => limit.Peek(new LimitKey(caller, []), cost);

    public static void Return(this LocalLimit limit, ulong caller, int cost = 1) => limit.Return(new LimitKey(caller, []), cost);

    /// <summary>How many of so many requests are let through.</summary>
    public static int Passed(this LocalLimit limit, ulong caller, int requests) => Enumerable.Range(0, requests).Count(_ => limit.Take(caller).Allowed);

    /// <summary>Runs as many threads as there are <paramref name="seeds"/>, and waits for them.</summary>
    public static Task Threads(int seeds, Action<Random> work) => Task.WhenAll(Enumerable.Range(0, seeds).Select(seed => Task.Factory.StartNew(
        () => work(new Random(seed)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    public static ulong Caller(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue);
}
