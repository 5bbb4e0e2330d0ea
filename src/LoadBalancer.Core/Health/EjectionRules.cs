using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>How many endpoints may be out at once, and for how long: pure arithmetic.</summary>
internal static class EjectionRules
{
    /// <summary>No ejection is longer than this many times <see cref="PassiveHealthOptions.EjectFor"/>.</summary>
    public const int LongestFactor = 16;

    /// <summary>
    /// How many of an upstream's <paramref name="endpoints"/> may be ejected at once, rounded down: the share is a bound,
    /// so 50 % of three is one, and 10 % of five is none. Of those that traffic may go to, whatever their health.
    /// </summary>
    public static int Most(PassiveHealthOptions options, int endpoints) => (int)Math.Floor((options.MaxEjected * endpoints) + 1e-9);

    /// <summary>
    /// How often an endpoint is ejected in a row, counting the ejection that starts now. It counts from 1 again when it
    /// has stayed in for as long as it was last out, and for one window of failures at least.
    /// </summary>
    public static int Repeats(PassiveHealthOptions options, Ejection? last, TimeProvider time)
    {
        if (last is null)
        {
            return 1;
        }

        var back = time.GetElapsedTime(last.At) - last.For;
        return back <= (last.For > options.Within ? last.For : options.Within) ? last.Repeats + 1 : 1;
    }

    /// <summary>How long it lasts: doubled at each repeat, up to <see cref="LongestFactor"/> times.</summary>
    public static TimeSpan For(PassiveHealthOptions options, int repeats) =>
        options.EjectFor * Math.Min(LongestFactor, Math.Pow(2, repeats - 1));
}
