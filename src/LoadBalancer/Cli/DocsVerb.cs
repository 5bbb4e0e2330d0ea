using CommandLine;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints docs/configuration.md or docs/metrics.md. Hidden: it serves whoever changes a key or a metric.</summary>
[Verb("docs", Hidden = true, HelpText = "Print the reference of lb.yaml, or of the metrics, as Markdown.")]
internal sealed class DocsVerb : Verb
{
    /// <summary>True for the metrics.</summary>
    [Option("metrics", HelpText = "The metrics instead of lb.yaml.")]
    public bool Metrics { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        await terminal.Out.WriteAsync(Metrics ? MetricsDocument.Write() : ReferenceDocument.Write());
        return ExitCode.Success;
    }
}
