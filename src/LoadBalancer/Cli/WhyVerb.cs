using System.Globalization;
using System.Net;
using System.Text;
using CommandLine;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Says why a request failed, by the id that its client was told.</summary>
[Verb("why", HelpText = "Say why a request failed, by the id in its error and in the access log; or list the latest that failed. lb remembers about a thousand.")]
internal sealed class WhyVerb : AdminVerb
{
    /// <summary>The id.</summary>
    [Value(0, MetaName = "REQUEST-ID", HelpText = "The request_id of the error's body or of the access log.")]
    public string? Id { get; set; }

    /// <summary>How many.</summary>
    [Option("last", MetaValue = "N", HelpText = "List the latest N that failed.")]
    public int? Last { get; set; }

    /// <summary>True for JSON.</summary>
    [Option("json", HelpText = "As JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        if (Id is null == Last is null)
        {
            await FailAsync(terminal, "say which request: its id, or --last N for the latest");
            return ExitCode.Usage;
        }

        if (Last is < 1 or > HttpEngine.MostFailures)
        {
            await FailAsync(terminal, string.Create(CultureInfo.InvariantCulture, $"--last expects a number from 1 to {HttpEngine.MostFailures}"));
            return ExitCode.Usage;
        }

        var reply = await client.SendAsync(HttpMethod.Get, Id is null ? string.Create(CultureInfo.InvariantCulture, $"/requests?last={Last}") : $"/requests/{Uri.EscapeDataString(Id)}");
        if (!reply.Succeeded)
        {
            return await FailAsync(terminal, reply.Status == HttpStatusCode.NotFound && reply.Json.ValueKind == System.Text.Json.JsonValueKind.Undefined ? "what answers is an earlier version of lb, which remembers no request" : reply.Error);
        }

        var body = Encoding.UTF8.GetBytes(reply.Body);
        await terminal.Out.WriteAsync(
            Json ? reply.Body
            : Id is null ? WhyReport.PrintList(ExplainJson.Read<IReadOnlyList<FailedRequest>>(body))
            : WhyReport.Print(ExplainJson.Read<FailedRequest>(body)));
        return ExitCode.Success;
    }
}
