namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// Why a call failed: the reason that lb's log gives for it must be one to which something that went wrong at that time, at that machine, can
/// lead. What is in no list here explains nothing: a client is never to blame, and other bytes than were sent have no excuse.
/// </summary>
/// <param name="windows">What went wrong, and when.</param>
/// <param name="machines">The addresses of all machines.</param>
internal sealed class ChaosExplanations(IReadOnlyCollection<ChaosWindow> windows, IReadOnlyList<string> machines)
{
    /// <summary>A client that is not looked after for this much longer than it wanted is on a machine that has too much to do.</summary>
    public static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(250);

    /// <summary>A fault may be seen a little later: a connection that was kept from before, a line that comes when the last byte was sent.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(1500);

    /// <summary>An endpoint is left alone for this long after its fault: probes and ejections (1 s), breakers (failures of 5 s, open for 1 s).</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(6);

    /// <summary>A process that has had no answer from DNS yet asks after 1 s, 2, 4 and so on.</summary>
    private static readonly TimeSpan NewAndNameless = TimeSpan.FromSeconds(20);

    /// <summary>What an endpoint of a machine may be blamed for, and by which faults of that machine.</summary>
    private static readonly Dictionary<string, string[]> OfMachine = new()
    {
        ["connect_refused"] = ["kill"],
        ["connect_timeout"] = ["kill", "freeze", "busy"],
        ["tls_failed"] = ["kill", "freeze", "busy"],
        ["handshake_timeout"] = ["freeze", "busy"],
        ["reset"] = ["kill", "reset", "lie"],
        ["early_close"] = ["kill", "reset", "lie"],
        ["endpoint_closed"] = ["kill"],
        ["response_truncated"] = ["kill", "reset", "lie"],
        ["response_invalid"] = ["lie"],
        ["upgrade_invalid"] = ["lie"],
        ["first_byte_timeout"] = ["freeze", "stall", "busy"],
        ["between_bytes_timeout"] = ["freeze", "stall", "busy"],
        ["idle_timeout"] = ["freeze", "stall", "busy"],
        ["half_closed_timeout"] = ["freeze", "stall", "busy"],
    };

    /// <summary>What follows where machines answer late, or not at all.</summary>
    private static readonly HashSet<string> OfFarm = ["circuit_open", "pending_timeout", "pending_overflow", "overloaded"];

    private static readonly string[] Faults = [.. ChaosPlan.Faults, "busy"];

    /// <summary>Whether a failure is explained by the lines that have its key.</summary>
    public bool IsExplained(ChaosFailure failure, IEnumerable<ChaosLine> lines)
    {
        if (failure.Seen.StartsWith("WRONG", StringComparison.Ordinal))
        {
            return false;
        }

        // A port may come again: its earlier and later connections are other ones.
        var own = lines.Where(line => line.At > failure.Began - Slack && line.At < failure.At + (2 * Aftermath)).ToList();
        return own.Count == 0
            ? failure.IsUntaken && Any(failure, "", Slack, "upgrade")
            : own.Exists(line => (failure.Code is null || failure.Code == line.Result) && Leads(failure, line));
    }

    private bool Leads(ChaosFailure failure, ChaosLine line)
    {
        var machine = line.Endpoint is { } endpoint ? endpoint[..endpoint.LastIndexOf(':')] : null;
        return line.Result switch
        {
            // Where bytes are passed on as they are, the end of a program that was killed is an end in order: its kernel says so. In a WebSocket it is
            // one where a Close frame had come, which the program has not answered.
            "ok" => line.IsRelay && machine is not null && Any(failure, machine, Slack, "kill"),
            "drained" => Any(failure, "", Slack, "upgrade", "removal"),
            "no_route" => failure.What.Contains("/now/", StringComparison.Ordinal) && Any(failure, "", Slack, "unrouted"),
            "no_endpoint" => machines.All(each => Any(failure, each, Aftermath, [.. Faults, "absent", "unlisted"])) || Any(failure, "", Aftermath, "busy")
                || (failure.What.Contains("/found/", StringComparison.Ordinal) && Any(failure, "", NewAndNameless, "nameless") && Any(failure, "", NewAndNameless, "upgrade")),
            var reason when OfFarm.Contains(reason) => machines.Any(each => Any(failure, each, Aftermath, Faults)),
            var reason => machine is not null && OfMachine.TryGetValue(reason, out var kinds) && Any(failure, machine, Slack, kinds),
        };
    }

    private bool Any(ChaosFailure failure, string machine, TimeSpan slack, params ReadOnlySpan<string> kinds)
    {
        foreach (var window in windows)
        {
            if (kinds.Contains(window.Kind) && (window.Machine == machine || window.Machine.Length == 0) && window.Touches(failure.Began, failure.At, slack))
            {
                return true;
            }
        }

        return false;
    }
}
