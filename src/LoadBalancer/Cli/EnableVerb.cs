using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Gives a drained endpoint back to traffic, or all of an upstream.</summary>
[Verb("enable", HelpText = "Give a drained endpoint back to traffic, or all of an upstream. What its health checks say of it counts again.")]
internal sealed class EnableVerb : AdminVerb
{
    /// <summary>Which.</summary>
    [Value(0, MetaName = "UPSTREAM[/ENDPOINT]", Required = true, HelpText = "The upstream, or one endpoint of it by its address: orders/10.0.0.1:8000.")]
    public string Target { get; set; } = "";

    /// <inheritdoc/>
    protected override Task<int> AskAsync(AdminClient client, Terminal terminal) => EndpointTarget.Parse(Target).ChangeAsync("/enable", client, terminal);
}
