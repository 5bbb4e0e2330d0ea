using CommandLine;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints the JSON Schema of lb.yaml, for editors.</summary>
[Verb("schema", HelpText = "Print the JSON Schema of lb.yaml, for editors and CI.")]
internal sealed class SchemaVerb : Verb
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        await terminal.Out.WriteLineAsync(SchemaDocument.Write());
        return ExitCode.Success;
    }
}
