using System.Collections.Immutable;

namespace LoadBalancer.Peers.Contenders;

/// <summary>A program that is compared, and how it is started.</summary>
internal sealed record Contender(string Name)
{
    /// <summary>The program's file, or a name to look for in PATH; null for no proxy at all.</summary>
    public string? Program { get; init; }

    /// <summary>Its configuration, a template in each <see cref="Service"/>'s folder of configs/; empty where it needs none.</summary>
    public string Template { get; init; } = "";

    /// <summary>What it can be started for.</summary>
    public ImmutableArray<Service> Services { get; init; } = [.. Enum.GetValues<Service>()];

    /// <summary>True where its output is its log of requests, because it writes no file itself.</summary>
    public bool LogsToOutput { get; init; }

    /// <summary>Its arguments, where <c>{config}</c> is the filled template and <c>{port}</c> the first port.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];

    public ImmutableArray<string> VersionArguments { get; init; } = [];

    /// <summary>The command that installs or builds it.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>True where others are compared with it.</summary>
    public bool IsPeer { get; init; }

    /// <summary>True where it is no proxy, and only its start is compared.</summary>
    public bool StartsOnly { get; init; }

    /// <summary>The contender that this one is a second copy of; their ratio is the noise.</summary>
    public string? CopyOf { get; init; }

    /// <summary>Load before the first window of each scenario.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(0.5);
}
