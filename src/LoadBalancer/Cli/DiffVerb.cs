using CommandLine;
using LoadBalancer.Daemon.Comparing;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Says what two files mean differently.</summary>
[Verb("diff", HelpText = "Say what changes in meaning from one configuration to another: routes opened, closed and moved, auth removed, bounds loosened.")]
internal sealed class DiffVerb : Verb
{
    /// <summary>The file before.</summary>
    [Value(0, MetaName = "BEFORE", Required = true, HelpText = "The configuration before.")]
    public string Before { get; set; } = "";

    /// <summary>The file after.</summary>
    [Value(1, MetaName = "AFTER", Required = true, HelpText = "The configuration after.")]
    public string After { get; set; } = "";

    /// <summary>True for JSON.</summary>
    [Option("json", HelpText = "The differences as JSON.")]
    public bool Json { get; set; }

    /// <summary>Which differences are a failure.</summary>
    [Option("fail-on", MetaValue = "any|loosened", HelpText = "Exit 1 where there is any difference, or one that lets more through, for a CI. (Default: none is a failure)")]
    public string? FailOn { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        if (FailOn is not (null or "any" or "loosened"))
        {
            await terminal.Error.WriteLineAsync("--fail-on expects any or loosened");
            return ExitCode.Usage;
        }

        using var before = await OfflineFile.OpenAsync(Before, terminal);
        using var after = before is null ? null : await OfflineFile.OpenAsync(After, terminal);
        if (before is null || after is null)
        {
            return ExitCode.Failure;
        }

        var found = GatewayComparison.Run(before, after);
        await terminal.Out.WriteAsync(Json ? DifferenceReport.Document(found) : DifferenceReport.Text(found));
        return found.Any(difference => FailOn == "any" || (FailOn == "loosened" && difference.Loosens is not null)) ? ExitCode.Failure : ExitCode.Success;
    }
}
