using System.Text.Json;
using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Prints what runs: configuration, listeners, upstreams with their endpoints.</summary>
[Verb("status", HelpText = "Print what the running lb does: its configuration, listeners, upstreams and endpoints, and why an endpoint is not used.")]
internal sealed class StatusVerb : AdminVerb
{
    /// <summary>True for the document itself.</summary>
    [Option("json", HelpText = "The whole of /status as JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var reply = await client.SendAsync(HttpMethod.Get, "/status");
        if (!reply.Succeeded || reply.Json is not { ValueKind: JsonValueKind.Object } status)
        {
            return await FailAsync(terminal, reply.Error);
        }

        await terminal.Out.WriteAsync(Json ? reply.Body : new StatusReport(status).Print());
        return ExitCode.Success;
    }
}
