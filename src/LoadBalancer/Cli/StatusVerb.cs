using System.Net;
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

    /// <summary>Where it looks for an lb whose file cannot be read.</summary>
    internal IReadOnlyList<EndPoint> UsualAddresses { get; init; } = AdminClient.UsualAddresses;

    /// <inheritdoc/>
    protected override IReadOnlyList<EndPoint> Usual => UsualAddresses;

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var reply = await client.SendAsync(HttpMethod.Get, "/status");
        if (!reply.Succeeded || reply.Json is not { ValueKind: JsonValueKind.Object } status)
        {
            return await FailAsync(terminal, client.Doubt ?? reply.Error);
        }

        if (client.Doubt is { } doubt)
        {
            if (!Runs(status, ConfigPath))
            {
                return await FailAsync(terminal, doubt);
            }

            await terminal.Error.WriteLineAsync($"lb: {doubt.Split('\n')[0]}\nlb: an lb that runs an earlier state of the file answers where lb usually listens");
        }

        await terminal.Out.WriteAsync(Json ? reply.Body : new StatusReport(status).Print());
        return ExitCode.Success;
    }

    private static bool Runs(JsonElement status, string path) =>
        status.TryGetProperty("config", out var config) && config.TryGetProperty("files", out var files)
        && files is { ValueKind: JsonValueKind.Array } && files.GetArrayLength() > 0 && files[0].GetString() == Path.GetFullPath(path);
}
