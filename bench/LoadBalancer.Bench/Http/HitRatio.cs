using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Tests.Caching;

namespace LoadBalancer.Bench.Http;

/// <summary>What share of a trace the cache answers: Zipf(0.9) over 1,000,000 keys of which 1 % fit, from the empty store on.</summary>
internal static class HitRatio
{
    /// <summary>Computes and prints it.</summary>
    public static void Print()
    {
        const int Keys = 1_000_000;
        const int Fitting = Keys / 100;
        const int Size = 1024;
        const int Requests = 10_000_000;
        var store = new CacheStore(Fitting * Size, new Random(1));
        var trace = new ZipfTrace(Keys, 0.9, new Random(2));
        var hits = 0;
        for (var at = 0; at < Requests; at++)
        {
            hits += PlainEntry.Ask(store, trace.Next(), Size) ? 1 : 0;
        }

        Console.WriteLine(FormattableString.Invariant($"hits {(double)hits / Requests:P2}, the best static choice {trace.ShareOf(Fitting):P2}, entries {store.Count:N0}"));
    }
}
