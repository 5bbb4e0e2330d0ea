using System.Globalization;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// What happens when, all from a seed: some timelines that run at once, each for one machine or one kind of change. A timeline goes through all
/// of its kinds before one comes again, so that a run of half a minute has each of them.
/// </summary>
internal static class ChaosPlan
{
    /// <summary>What may be wrong with a machine.</summary>
    public static readonly string[] Faults = ["kill", "freeze", "slow", "stall", "reset", "lie", "drain"];

    /// <summary>What a name says: the machines of the bits of a number (none: a name without addresses), or what is no answer.</summary>
    public static readonly string[] Names = ["0", "1", "2", "3", "4", "5", "6", "7", "servfail", "nxdomain", "silence"];

    /// <summary>The file: its versions, which <see cref="ChaosFarm"/> knows, one with an error, one whose address is taken, and the way back.</summary>
    public static readonly string[] Files = ["0", "1", "2", "3", "4", "5", "invalid", "taken", "rollback"];

    /// <summary>All that a run has to have: of machines, whichever.</summary>
    public static IEnumerable<string> Everything =>
        [.. Faults, .. Faults.Select(fault => $"end of {fault}"), .. Names.Select(kind => $"name {kind}"), .. Files.Select(kind => $"file {kind}"), "upgrade again"];

    /// <summary>The steps of a machine: a fault that lasts, then some time without one. Ends well.</summary>
    /// <param name="seed">Which run.</param>
    /// <param name="machine">Its number.</param>
    /// <param name="machines">How many there are: each begins with another fault.</param>
    /// <param name="length">For how long.</param>
    public static IReadOnlyList<ChaosStep> OfMachine(int seed, int machine, int machines, TimeSpan length)
    {
        var (chance, steps, at) = (new Random((seed * 100) + machine), new List<ChaosStep>(), 0.5);
        var faults = Deck(Faults, new Random(seed), chance).Skip(machine * Faults.Length / machines);
        foreach (var fault in faults)
        {
            at += chance.NextDouble() * 2;
            var lasts = fault is "freeze" or "stall" ? 1.5 + (chance.NextDouble() * 2.5) : 0.3 + (chance.NextDouble() * 2);
            if (at + lasts > length.TotalSeconds)
            {
                break;
            }

            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), $"machine {machine}: {fault}"));
            at += lasts;
            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), $"machine {machine}: end of {fault}"));
        }

        return steps;
    }

    /// <summary>A change again and again, of each kind in turn.</summary>
    public static IReadOnlyList<ChaosStep> OfChanges(int seed, string what, double everySeconds, string[] kinds, TimeSpan length)
    {
        var (chance, steps, at) = (new Random((seed * 100) + 50 + what.Length), new List<ChaosStep>(), 0.0);
        foreach (var kind in Deck(kinds, chance, chance))
        {
            at += everySeconds * (0.5 + chance.NextDouble());
            if (at > length.TotalSeconds)
            {
                break;
            }

            steps.Add(new ChaosStep(TimeSpan.FromSeconds(at), string.Create(CultureInfo.InvariantCulture, $"{what} {kind}")));
        }

        return steps;
    }

    // All kinds in some order, and then again in another; endless.
    private static IEnumerable<string> Deck(string[] kinds, Random first, Random later)
    {
        for (var chance = first; ; chance = later)
        {
            string[] order = [.. kinds];
            chance.Shuffle(order);
            foreach (var kind in order)
            {
                yield return kind;
            }
        }
    }
}
