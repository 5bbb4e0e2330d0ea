using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Gives an endpoint another share of traffic than the file does.</summary>
[Verb("weight", HelpText = "Give an endpoint another share of traffic than the file does: 0 takes it out, and open connections go on. It lasts until --reset, across reloads and restarts.")]
internal sealed class WeightVerb : AdminVerb
{
    /// <summary>Which.</summary>
    [Value(0, MetaName = "UPSTREAM/ENDPOINT", Required = true, HelpText = "The endpoint by its address: orders/10.0.0.1:8000. With --reset an upstream means all of its endpoints.")]
    public string Target { get; set; } = "";

    /// <summary>The share.</summary>
    [Value(1, MetaName = "WEIGHT", HelpText = "0 to 256, relative to the others of the upstream.")]
    public string? Weight { get; set; }

    /// <summary>True for the file's weight again.</summary>
    [Option("reset", HelpText = "Let the file say the weight again.")]
    public bool Reset { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal) => Reset == Weight is not null
        ? await FailAsync(terminal, "a weight is needed, or --reset, and not both")
        : await EndpointTarget.Parse(Target).ChangeAsync("/weight", client, terminal, Reset ? "&reset=true" : $"&weight={Uri.EscapeDataString(Weight!)}");
}
