using System.Net;
using CommandLine;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>A word that asks the lb that runs.</summary>
internal abstract class AdminVerb : Verb
{
    /// <summary>The file of the lb that is asked.</summary>
    [Option('c', "config", MetaValue = "FILE", HelpText = $"The configuration, which says where lb listens for it. (Default: {GatewayFile.DefaultPath})")]
    public string? Config { get; set; }

    /// <summary>Where to ask instead.</summary>
    [Option("admin", MetaValue = "ADDRESS", HelpText = "The admin listener to ask, as 127.0.0.1:9090 or unix:/run/lb/admin.sock. (Default: admin.bind of the configuration)")]
    public string? Admin { get; set; }

    /// <summary>The path of the configuration.</summary>
    protected string ConfigPath => Config ?? GatewayFile.DefaultPath;

    /// <summary>Whom to ask where the configuration cannot be read: nobody, for a word that changes something.</summary>
    protected virtual IReadOnlyList<EndPoint> Usual => [];

    /// <inheritdoc/>
    public sealed override async Task<int> RunAsync(Terminal terminal)
    {
        try
        {
            return await AskAsync(AdminClient.Find(ConfigPath, Admin, terminal.Environment, Usual), terminal);
        }
        catch (AdminUnreachableException error)
        {
            return await FailAsync(terminal, error.Message);
        }
    }

    /// <summary>Asks, and prints what is answered.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    /// <exception cref="AdminUnreachableException">Nobody answers.</exception>
    protected abstract Task<int> AskAsync(AdminClient client, Terminal terminal);

    /// <summary>Prints why it could not.</summary>
    protected static async Task<int> FailAsync(Terminal terminal, string message)
    {
        foreach (var line in message.Split('\n'))
        {
            await terminal.Error.WriteLineAsync($"lb: {line}");
        }

        return ExitCode.Failure;
    }
}
