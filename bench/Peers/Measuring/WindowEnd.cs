using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>How a window ended.</summary>
/// <param name="Errors">Failed exchanges, those before the first piece included.</param>
/// <param name="Done">Completed ones, those before the first piece included.</param>
/// <param name="Reason">Why the first of them failed; empty where none did.</param>
internal sealed record WindowEnd(long Errors, long Done, string Reason)
{
    /// <summary>The parts of native/load.c's <c>end errors=N done=N reason=TEXT</c>.</summary>
    /// <exception cref="InvalidOperationException">It is another line: the load process failed.</exception>
    public static WindowEnd Parse(string line) => line.Split(' ', 4) is ["end", var errors, var done, var reason]
        ? new WindowEnd(Number(errors), Number(done), reason.Split('=', 2)[1])
        : throw new InvalidOperationException($"the load process failed: {line}");

    private static long Number(string pair) => long.Parse(pair.Split('=')[1], CultureInfo.InvariantCulture);
}
