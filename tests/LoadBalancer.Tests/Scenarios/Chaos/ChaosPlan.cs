using System.Globalization;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>What happens when, all from a seed: some timelines that run at once, each for one machine or one kind of change.</summary>
internal static class ChaosPlan
{
    private static readonly string[] Faults = ["kill", "freeze", "slow", "reset", "lie", "drain"];

    /// <summary>The steps of a machine: a fault that lasts, then some time without one. Ends well.</summary>
    public static IReadOnlyList<ChaosStep> OfMachine(int seed, int machine, TimeSpan length)
    {
        var (chance, steps, at) = (new Random((seed * 100) + machine), new List<ChaosStep>(), 0.5);
        while (true)
        {
            at += chance.NextDouble() * 3;
            var (fault, lasts) = (Faults[chance.Next(Faults.Length)], 0.3 + (chance.NextDouble() * 3));
            if (at + lasts > length.TotalSeconds)
            {
                return steps;
            }

            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), $"machine {machine}: {fault}"));
            at += lasts;
            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), $"machine {machine}: end of {fault}"));
        }
    }

    /// <summary>A change of one kind, again and again, with a number.</summary>
    public static IReadOnlyList<ChaosStep> OfChanges(int seed, string what, double everySeconds, int numbers, TimeSpan length)
    {
        var (chance, steps, at) = (new Random((seed * 100) + 50 + what.Length), new List<ChaosStep>(), 0.0);
        while ((at += everySeconds * (0.5 + chance.NextDouble())) < length.TotalSeconds)
        {
            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), string.Create(CultureInfo.InvariantCulture, $"{what} {chance.Next(numbers)}")));
        }

        return steps;
    }
}
