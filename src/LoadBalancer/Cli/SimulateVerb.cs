using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CommandLine;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Simulating;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Replays an access log through the limits of a configuration.</summary>
[Verb("simulate", HelpText = "Replay an access log through a configuration's limits, and print who would have been refused, when and by which limit. Nothing is sent, and no lb needs to run.")]
internal sealed class SimulateVerb : Verb
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The log.</summary>
    [Option("log", Required = true, MetaValue = "FILE", HelpText = "The access log, of the format json; it may be packed by gzip.")]
    public string Log { get; set; } = "";

    /// <summary>The configuration.</summary>
    [Option('c', "config", MetaValue = "FILE", HelpText = $"The configuration whose limits are tried. (Default: {GatewayFile.DefaultPath})")]
    public string? Config { get; set; }

    /// <summary>The first time.</summary>
    [Option("from", MetaValue = "TIME", HelpText = "Leave out what began before this time, such as 2026-11-22 or 2026-11-22T10:00:00Z; UTC unless it says otherwise.")]
    public string? From { get; set; }

    /// <summary>The time after the last.</summary>
    [Option("to", MetaValue = "TIME", HelpText = "Leave out what began at this time or later.")]
    public string? To { get; set; }

    /// <summary>True for JSON.</summary>
    [Option("json", HelpText = "As JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        if (!TryReadTime(From, out var from) || !TryReadTime(To, out var to))
        {
            await terminal.Error.WriteLineAsync($"lb: --from and --to expect a time such as 2026-11-22 or 2026-11-22T10:00:00Z, not {ScalarNode.Quote((TryReadTime(From, out _) ? To : From)!)}");
            return ExitCode.Usage;
        }

        var loaded = GatewayFile.Load(Config ?? GatewayFile.DefaultPath, terminal.Environment);
        foreach (var error in loaded.Errors)
        {
            await terminal.Error.WriteLineAsync(error.ToString());
        }

        if (loaded.Options is not { } options)
        {
            return ExitCode.Failure;
        }

        try
        {
            using var log = new AccessLogFile(Log);
            if (Simulator.Run(log, options, from, to) is { } simulation)
            {
                await terminal.Out.WriteAsync(Json ? JsonSerializer.Serialize(simulation, Format) + "\n" : SimulationReport.Text(simulation));
                return ExitCode.Success;
            }

            await terminal.Error.WriteLineAsync($"lb: {Log}: {WhatItIs(log)}");
            return ExitCode.Failure;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await terminal.Error.WriteLineAsync($"lb: {error.Message}");
            return ExitCode.Failure;
        }
    }

    private string WhatItIs(AccessLogFile log) =>
        log.Lines == 0 ? "the log is empty"
        : log.NoJson == log.Lines ? string.Create(CultureInfo.InvariantCulture, $"this is no access log of lb in JSON: none of its {log.Lines} lines is JSON (log: {{format: json}} writes it)")
        : log.NoJson + log.NoRequests == log.Lines ? string.Create(CultureInfo.InvariantCulture, $"this is no access log of lb: of its {log.Lines} lines none is a request with its time, listener and method")
        : $"it has no request {(From is null ? "" : $"from {From} on ")}{(To is null ? "" : $"before {To}")}".TrimEnd();

    private static bool TryReadTime(string? text, out DateTimeOffset? time)
    {
        var isTime = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read);
        time = isTime ? read : null;
        return isTime || text is null;
    }
}
