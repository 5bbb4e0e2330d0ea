namespace LoadBalancer.Tests;

/// <summary>Measures what a piece of work allocates on the thread that runs it.</summary>
internal static class Allocations
{
    private const int Runs = 5;

    /// <summary>
    /// Bytes that <paramref name="work"/> allocates each time, once it is warm: the least of several runs. A collection that falls
    /// into a run takes the rest of the thread's allocation buffer away and counts it, up to 8 KiB, whatever the work does.
    /// </summary>
    public static long Of(Action work)
    {
        work();
        var least = long.MaxValue;
        for (var run = 0; run < Runs; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
