using CommandLine;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints docs/configuration.md. Hidden: it serves whoever changes a key.</summary>
[Verb("docs", Hidden = true, HelpText = "Print the reference of lb.yaml as Markdown.")]
internal sealed class DocsVerb : Verb
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        await terminal.Out.WriteAsync(ReferenceDocument.Write());
        return ExitCode.Success;
    }
}
