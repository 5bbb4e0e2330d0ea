namespace LoadBalancer.Daemon.Configuration;

/// <summary>How a configuration is loaded.</summary>
internal sealed record LoadSettings
{
    /// <summary>True for a check where no secret is: references are not looked up, and a key that holds one is taken as valid.</summary>
    public bool WithoutSecrets { get; init; }

    /// <summary>Texts that were kept, loaded in place of the files on the disk; null for those.</summary>
    public ConfigSources? Kept { get; init; }

    /// <summary>What is known of routes that were loaded before, and takes those that are loaded; null for nothing.</summary>
    public RouteMemory? Routes { get; init; }

    /// <summary>True for some top-level keys of a file, as in a document: names that it does not define are taken as defined elsewhere.</summary>
    public bool Fragment { get; init; }
}
