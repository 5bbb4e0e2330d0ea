using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What a load of the configuration found.</summary>
internal sealed record LoadResult
{
    /// <summary>The configuration; null where there is an error, or where secrets were not looked up.</summary>
    public GatewayOptions? Options { get; init; }

    /// <summary>Everything that is wrong, in the order of the files; empty where nothing is.</summary>
    public required IReadOnlyList<ConfigError> Errors { get; init; }

    /// <summary>What works but is hardly meant, in the order of the files.</summary>
    public required IReadOnlyList<ConfigError> Warnings { get; init; }

    /// <summary>Every file that was read or looked for, the main one first: a change of any may change the configuration. Full paths.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The text of those of them that are the configuration's own.</summary>
    public required ConfigSources Sources { get; init; }

    /// <summary>A digest of the files' names and text, the same on every machine: it tells one configuration from another.</summary>
    public required string Digest { get; init; }

    /// <summary>Every folder that a pattern of <c>include</c> looks into: a new file there may change the configuration. Full paths.</summary>
    public required IReadOnlyList<string> Folders { get; init; }
}
