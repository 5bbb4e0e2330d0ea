using CommandLine;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Takes an endpoint out of traffic, or all of an upstream.</summary>
[Verb("drain", HelpText = "Take an endpoint out of traffic, or all of an upstream: it gets no new connection, and open ones go on, or end with --within. It lasts until lb enable, across reloads and restarts.")]
internal sealed class DrainVerb : AdminVerb
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly DurationKind Durations = new("1s", "30d");
    private static readonly TimeSpan UsualPatience = TimeSpan.FromMinutes(5);

    /// <summary>What is open at the deadline of a drain is ended then, and has its time to say so.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>Which.</summary>
    [Value(0, MetaName = "UPSTREAM[/ENDPOINT]", Required = true, HelpText = "The upstream, or one endpoint of it by its address: orders/10.0.0.1:8000.")]
    public string Target { get; set; } = "";

    /// <summary>How long open connections may go on.</summary>
    [Option("within", MetaValue = "DURATION", HelpText = "End what is still open to it after this time, 1d at most, as a reload does that takes it out of the file; lb enable calls that off. Said again, it counts from then on. (Default: open connections go on)")]
    public string? Within { get; set; }

    /// <summary>True to wait until nothing is open.</summary>
    [Option("wait", HelpText = "Wait until no connection to it is open; exit 1 where --timeout comes first.")]
    public bool Wait { get; set; }

    /// <summary>How long it waits.</summary>
    [Option("timeout", MetaValue = "DURATION", HelpText = "How long --wait waits at most. (Default: 5m; with --within, that time)")]
    public string? Timeout { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        var patience = UsualPatience;
        if (Within is not null)
        {
            if (!DrainDeadlines.Durations.TryParse(Within, out var within))
            {
                return await FailAsync(terminal, $"--within expects {DrainDeadlines.Durations.Expected}, not {ScalarNode.Quote(Within)}");
            }

            patience = within + Margin;
        }

        if (Timeout is not null && !Durations.TryParse(Timeout, out patience))
        {
            return await FailAsync(terminal, $"--timeout expects {Durations.Expected}, not {ScalarNode.Quote(Timeout)}");
        }

        var target = EndpointTarget.Parse(Target);
        var code = await target.ChangeAsync("/drain", client, terminal, within: Within);
        return code == ExitCode.Success && Wait ? await WaitAsync(target, patience, client, terminal) : code;
    }

    private static async Task<int> WaitAsync(EndpointTarget target, TimeSpan patience, AdminClient client, Terminal terminal)
    {
        var time = TimeProvider.System;
        for (var began = time.GetTimestamp(); ; await Task.Delay(Pause, time))
        {
            var open = target.OpenConnections((await client.SendAsync(HttpMethod.Get, "/status")).Json);
            if (open == 0)
            {
                await terminal.Out.WriteLineAsync("no connection is open");
                return ExitCode.Success;
            }

            if (time.GetElapsedTime(began) > patience)
            {
                return await FailAsync(terminal, FormattableString.Invariant($"{target} is drained, and has {open} open connections still"));
            }
        }
    }
}
