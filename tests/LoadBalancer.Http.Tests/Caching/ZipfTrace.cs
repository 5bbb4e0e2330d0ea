namespace LoadBalancer.Http.Tests.Caching;

/// <summary>Keys that are asked for as pages are: the key of rank n as often as 1 / n to the power of alpha.</summary>
/// <param name="keys">How many there are.</param>
/// <param name="alpha">How much the first ones are preferred.</param>
/// <param name="random">Where chance comes from.</param>
internal sealed class ZipfTrace(int keys, double alpha, Random random)
{
    private readonly double[] _cumulated = Cumulate(keys, alpha);

    /// <summary>The next key: a rank, the most wanted is 0.</summary>
    public int Next()
    {
        var at = Array.BinarySearch(_cumulated, random.NextDouble() * _cumulated[^1]);
        return Math.Min(at < 0 ? ~at : at, keys - 1);
    }

    /// <summary>The share of requests that is for the <paramref name="first"/> keys: what nobody who keeps so many can exceed, whatever he does.</summary>
    public double ShareOf(int first) => _cumulated[first - 1] / _cumulated[^1];

    private static double[] Cumulate(int keys, double alpha)
    {
        var cumulated = new double[keys];
        var sum = 0.0;
        for (var at = 0; at < keys; at++)
        {
            cumulated[at] = sum += Math.Pow(at + 1, -alpha);
        }

        return cumulated;
    }
}
