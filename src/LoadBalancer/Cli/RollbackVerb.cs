using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Makes the running lb go back to a configuration that ran before.</summary>
[Verb("rollback", HelpText = "Go back to the configuration that ran before this one, or to a version of lb history. The file stays as it is: it is loaded when it changes, with lb reload, and at the next start.")]
internal sealed class RollbackVerb : AdminVerb
{
    /// <summary>Which.</summary>
    [Value(0, MetaName = "VERSION", HelpText = "The version, or how it begins. (Default: the one before)")]
    public string? Version { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal) => await ReloadVerb.PrintAsync(
        await client.SendAsync(HttpMethod.Post, Version is null ? "/rollback" : $"/rollback?version={Uri.EscapeDataString(Version)}"), "rolled back", "nothing was rolled back", terminal);
}
