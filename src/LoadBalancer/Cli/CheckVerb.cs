using System.Globalization;
using CommandLine;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Says whether a file would load, and everything that is wrong with it.</summary>
[Verb("check", HelpText = "Check a configuration: exit 1 and every error where it would not load.")]
internal sealed class CheckVerb : Verb
{
    /// <summary>The file.</summary>
    // The default is not the attribute's: the parser would take it for a -c without a value, and check another file than the one that was meant.
    [Option('c', "config", MetaValue = "FILE", HelpText = $"The configuration. (Default: {GatewayFile.DefaultPath})")]
    public string? Config { get; set; }

    /// <summary>True where no secret is at hand.</summary>
    [Option("without-secrets", HelpText = "Do not look up ${env:}, ${file:} and ${credential:}: for a CI that has none.")]
    public bool WithoutSecrets { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        var path = Config ?? GatewayFile.DefaultPath;
        var result = GatewayFile.Load(path, terminal.Environment, new LoadSettings { WithoutSecrets = WithoutSecrets });
        foreach (var error in result.Errors)
        {
            await terminal.Error.WriteLineAsync(error.ToString());
        }

        foreach (var warning in result.Warnings)
        {
            await terminal.Error.WriteLineAsync($"{warning.Place}: warning: {warning.Message}");
        }

        if (result.Errors.Count > 0)
        {
            return ExitCode.Failure;
        }

        await terminal.Out.WriteLineAsync($"{path}: ok ({(result.Options is { } options ? Count(options) : "references were not looked up")})");
        return ExitCode.Success;
    }

    private static string Count(GatewayOptions options)
    {
        var endpoints = options.Upstreams.Values.Sum(upstream => upstream.Endpoints.Count);
        return string.Create(
            CultureInfo.InvariantCulture, $"listeners {options.Listeners.Count}, upstreams {options.Upstreams.Count}, endpoints {endpoints}");
    }
}
