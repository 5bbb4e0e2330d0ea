using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Makes the running lb replace itself by the program that is on the disk now.</summary>
[Verb("upgrade", HelpText = "Replace the running lb by the program that is on the disk now, without refusing a connection: exit 1 and the reason where the new one cannot take over, and what ran before goes on.")]
internal sealed class UpgradeVerb : AdminVerb
{
    /// <summary>How long the new process may take.</summary>
    [Option("within", MetaValue = "DURATION", Default = "60s", HelpText = "How long the new process may take to be ready, 90s at most.")]
    public string Within { get; set; } = "60s";

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var reply = await client.SendAsync(HttpMethod.Post, $"/upgrade?within={Uri.EscapeDataString(Within)}");
        if (!reply.Succeeded)
        {
            return await FailAsync(terminal, reply.Error);
        }

        await terminal.Out.WriteLineAsync($"upgraded: process {reply.Json.GetProperty("process_id").GetInt32()} serves now; the old one ends when its connections have");
        return ExitCode.Success;
    }
}
