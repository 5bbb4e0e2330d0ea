using CommandLine;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Systemd;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Runs the daemon until it is told to stop.</summary>
[Verb("run", HelpText = "Run the load balancer. SIGHUP reloads, SIGUSR1 opens the log file again, SIGTERM drains and ends, SIGINT ends at once.")]
internal sealed class RunVerb : Verb
{
    /// <summary>The file.</summary>
    [Option('c', "config", MetaValue = "FILE", HelpText = $"The configuration. (Default: {GatewayFile.DefaultPath})")]
    public string? Config { get; set; }

    /// <summary>True where nothing may run but the file.</summary>
    [Option("strict", HelpText = "Do not start where the file is no use: without this, lb starts with the last good configuration, if state.dir has one, and says so.")]
    public bool Strict { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        using var orders = Orders.FromSignals();
        return await Daemon.RunAsync(Config ?? GatewayFile.DefaultPath, Strict, terminal, ServiceEnvironment.OfProcess(), orders, TimeProvider.System);
    }
}
