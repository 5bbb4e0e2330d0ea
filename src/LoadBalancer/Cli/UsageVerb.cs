using System.Net;
using System.Text.Json;
using CommandLine;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints what callers have used in a month.</summary>
[Verb("usage", HelpText = "Print what callers have used in a month: requests, refusals by limits, and bytes; as a table, CSV or JSON.")]
internal sealed class UsageVerb : AdminVerb
{
    private static readonly string[] Formats = ["text", "csv", "json"];

    /// <summary>The month.</summary>
    [Option("month", MetaValue = "MONTH", HelpText = "The month in UTC, such as 2026-11. (Default: this one)")]
    public string? Month { get; set; }

    /// <summary>The form.</summary>
    [Option("format", MetaValue = "FORMAT", Default = "text", HelpText = "text, csv or json.")]
    public string Format { get; set; } = "text";

    /// <summary>One plan.</summary>
    [Option("plan", MetaValue = "PLAN", HelpText = "Only the callers of this plan.")]
    public string? Plan { get; set; }

    /// <summary>One caller.</summary>
    [Option("caller", MetaValue = "SUBJECT", HelpText = "Only this caller: a user, a consumer, the subject of a token.")]
    public string? Caller { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        if (!Formats.Contains(Format))
        {
            await FailAsync(terminal, $"--format expects {string.Join(", ", Formats)}, not {ScalarNode.Quote(Format)}{NearestName.Suggest(Format, Formats)}");
            return ExitCode.Usage;
        }

        (string Name, string? Value)[] asked = [("month", Month), ("plan", Plan), ("caller", Caller)];
        var query = string.Join('&', asked.Where(each => each.Value is not null).Select(each => $"{each.Name}={Uri.EscapeDataString(each.Value!)}"));
        var reply = await client.SendAsync(HttpMethod.Get, query.Length > 0 ? $"/usage?{query}" : "/usage");
        if (!reply.Succeeded || reply.Json is not { ValueKind: JsonValueKind.Object } usage)
        {
            return await FailAsync(terminal, reply is { Status: HttpStatusCode.NotFound, Json.ValueKind: JsonValueKind.Undefined } ? "what answers is an earlier version of lb, which counts no usage" : reply.Error);
        }

        await terminal.Out.WriteAsync(Format switch
        {
            "json" => reply.Body,
            "csv" => UsageReport.Csv(usage),
            _ => UsageReport.Text(usage),
        });
        return ExitCode.Success;
    }
}
