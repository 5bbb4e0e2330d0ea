using System.Net;
using System.Text.Json;
using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Makes the running lb read its file again, and says what came of it.</summary>
[Verb("reload", HelpText = "Make the running lb read its configuration again: exit 1 and every error where it is refused, and what ran before goes on.")]
internal sealed class ReloadVerb : AdminVerb
{
    /// <summary>True where nobody waits for the outcome.</summary>
    [Option("no-wait", HelpText = "Order it and do not wait for the outcome, which the log and lb status tell.")]
    public bool NoWait { get; set; }

    /// <summary>True where the guard is to be left out.</summary>
    [Option("no-guard", HelpText = "Do not take it back where requests fare worse than before, whatever reload.guard says; nor what was loaded before and is watched still.")]
    public bool NoGuard { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var reply = await client.SendAsync(HttpMethod.Post, $"/reload?wait={(NoWait ? "false" : "true")}&guard={(NoGuard ? "false" : "true")}");
        if (reply.Status == HttpStatusCode.Accepted)
        {
            await terminal.Out.WriteLineAsync("ordered");
            return ExitCode.Success;
        }

        return await PrintAsync(reply, "reloaded", "the configuration was refused", terminal);
    }

    /// <summary>Prints what came of a change of the configuration.</summary>
    /// <param name="reply">What lb answered.</param>
    /// <param name="done">What was done, where it was.</param>
    /// <param name="refused">What was not, where it was not.</param>
    /// <param name="terminal">Takes it.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    internal static async Task<int> PrintAsync(AdminReply reply, string done, string refused, Terminal terminal)
    {
        if (reply.Json is not { ValueKind: JsonValueKind.Object } answer || !answer.TryGetProperty("applied", out var applied))
        {
            return await FailAsync(terminal, reply.Error);
        }

        foreach (var error in answer.GetProperty("errors").EnumerateArray())
        {
            await terminal.Error.WriteLineAsync(error.GetString());
        }

        foreach (var warning in answer.GetProperty("warnings").EnumerateArray())
        {
            await terminal.Error.WriteLineAsync($"warning: {warning.GetString()}");
        }

        var version = answer.GetProperty("version").GetString();
        if (!applied.GetBoolean())
        {
            return await FailAsync(terminal, $"{refused}; {version} goes on");
        }

        var guard = answer.TryGetProperty("guard_ended", out var ended) && ended.ValueKind == JsonValueKind.True ? "; the guard watches no more" : "";
        await terminal.Out.WriteLineAsync(answer.GetProperty("changed").GetBoolean() ? $"{done}: {version} runs{guard}" : $"{done}; nothing has changed: {version} runs{guard}");
        return ExitCode.Success;
    }
}
