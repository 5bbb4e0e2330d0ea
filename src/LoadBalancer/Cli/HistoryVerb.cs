using System.Text.Json;
using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints the configurations that were loaded.</summary>
[Verb("history", HelpText = "Print the configurations that the running lb has loaded, the newest first: when, by what, and what became of them.")]
internal sealed class HistoryVerb : AdminVerb
{
    /// <summary>True for the document itself.</summary>
    [Option("json", HelpText = "The whole of /history as JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var reply = await client.SendAsync(HttpMethod.Get, "/history");
        if (!reply.Succeeded || reply.Json is not { ValueKind: JsonValueKind.Array } history)
        {
            return await FailAsync(terminal, reply.Error);
        }

        await terminal.Out.WriteAsync(Json ? reply.Body : StatusReport.History(history));
        return ExitCode.Success;
    }
}
