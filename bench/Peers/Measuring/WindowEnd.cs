using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>How a window ended.</summary>
/// <param name="Errors">Failed exchanges, those before the first piece included.</param>
/// <param name="Done">Completed ones, those before the first piece included.</param>
/// <param name="P99Ns">The latency that 99 of 100 of all pieces together do not exceed; 0 where it was not measured.</param>
/// <param name="Reason">Why the first of them failed; empty where none did.</param>
internal sealed record WindowEnd(long Errors, long Done, long P99Ns, string Reason)
{
    /// <summary>The parts of native/load.c's <c>end errors=N done=N p99_ns=N reason=TEXT</c>.</summary>
    /// <exception cref="InvalidOperationException">It is another line: the load process failed.</exception>
    public static WindowEnd Parse(string line) => line.Split(' ', 5) is ["end", var errors, var done, var p99, var reason]
        ? new WindowEnd(Number(errors), Number(done), Number(p99), reason.Split('=', 2)[1])
        : throw new InvalidOperationException($"the load process failed: {line}");

    private static long Number(string pair) => long.Parse(pair.Split('=')[1], CultureInfo.InvariantCulture);
}
