using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers;

/// <summary>What a run does, every choice made.</summary>
internal sealed record Settings
{
    /// <summary>The length of a piece: short against the seconds for which a core keeps its speed, long against the edges.</summary>
    public static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(250);

    public required int Rounds { get; init; }

    /// <summary>How many rounds there may be, where the first ones kept too few pieces.</summary>
    public required int MaxRounds { get; init; }

    /// <summary>Rounds of the idle scenario, which starts every contender afresh.</summary>
    public required int IdleRounds { get; init; }

    /// <summary>Rounds of the start scenario, which are short.</summary>
    public required int Starts { get; init; }

    public required int PiecesPerWindow { get; init; }

    /// <summary>Load before a window's first piece, not counted.</summary>
    public required TimeSpan Settle { get; init; }

    /// <summary>True where a contender's own warm-up is cut short, in a smoke run.</summary>
    public required bool Quick { get; init; }

    public required IReadOnlyList<Scenario> Scenarios { get; init; }
    public required IReadOnlyList<Contender> Contenders { get; init; }
    public required Cores Cores { get; init; }

    /// <summary>Load before a contender's first window of a scenario.</summary>
    public TimeSpan WarmUp(Contender contender) => Quick ? TimeSpan.FromMilliseconds(200) : contender.WarmUp;

    /// <exception cref="UsageException">An option names something that does not exist or is out of its range.</exception>
    public static Settings From(PeersOptions options)
    {
        var rounds = options.Rounds ?? (options.Quick ? 1 : 5);
        var seconds = options.Seconds ?? (options.Quick ? 0.5 : 4);
        if (rounds is < 1 or > 100)
        {
            throw new UsageException($"--rounds {rounds}: expected 1 to 100");
        }

        var maxRounds = options.MaxRounds ?? (options.Quick ? rounds : 3 * rounds);
        if (maxRounds < rounds || maxRounds > 300)
        {
            throw new UsageException($"--max-rounds {maxRounds}: expected {rounds} (--rounds) to 300");
        }

        // The load process keeps at most 256 pieces of a window.
        if (!(seconds >= 0.25 && seconds <= 60))
        {
            throw new UsageException($"--seconds {seconds}: expected 0.25 to 60");
        }

        return new Settings
        {
            Rounds = rounds,
            MaxRounds = maxRounds,
            IdleRounds = Math.Min(rounds, 3),
            Starts = options.Quick ? 1 : 4 * rounds,
            PiecesPerWindow = (int)Math.Round(seconds / Piece.TotalSeconds),
            Settle = TimeSpan.FromMilliseconds(options.Quick ? 100 : 400),
            Quick = options.Quick,
            Scenarios = Chosen(ScenarioCatalog.All(options.Quick), s => s.Name, options.Scenarios, "--scenario"),
            Contenders = Chosen(ContenderCatalog.All(options.Lb), c => c.Name, options.Contenders, "--contender"),
            Cores = Cores.Choose(options.ProxyCore, options.LoadCore),
        };
    }

    private static List<T> Chosen<T>(IReadOnlyList<T> all, Func<T, string> name, IEnumerable<string> wanted, string option)
    {
        var names = wanted.ToHashSet(StringComparer.Ordinal);
        var unknown = names.FirstOrDefault(n => all.All(item => name(item) != n));
        return unknown is null
            ? [.. all.Where(item => names.Count == 0 || names.Contains(name(item)))]
            : throw new UsageException($"{option} {unknown}: expected {string.Join(", ", all.Select(name))}");
    }
}
