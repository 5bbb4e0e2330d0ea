using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>A quarter of a second of a window: what was completed and what it cost. Times in nanoseconds.</summary>
/// <param name="Done">Completed exchanges, or bytes that reached the sink; failed ones are never among them.</param>
/// <param name="Errors">Failed exchanges. A piece with any is never used.</param>
/// <param name="WallNs">From its start until nothing was under way any more.</param>
/// <param name="CpuNs">User and system time of the proxy's tree until the next piece began.</param>
/// <param name="KernelNs">Time of the proxy core's ksoftirqd, which no process is charged for.</param>
/// <param name="CalibrationBeforeNs">The fixed piece of work on the proxy's core at its start.</param>
/// <param name="CalibrationAfterNs">The same at its end.</param>
/// <param name="P50Ns">The median latency; 0, as the other three, where the scenario has none.</param>
/// <param name="P90Ns">The latency that nine of ten do not exceed.</param>
/// <param name="P99Ns">The latency that 99 of 100 do not exceed.</param>
/// <param name="MaxNs">The worst latency.</param>
internal sealed record Piece(
    long Done,
    long Errors,
    long WallNs,
    long CpuNs,
    long KernelNs,
    long CalibrationBeforeNs,
    long CalibrationAfterNs,
    long P50Ns,
    long P90Ns,
    long P99Ns,
    long MaxNs)
{
    /// <summary>True where everything that was begun succeeded, and something was.</summary>
    public bool IsComplete => Errors == 0 && Done > 0;

    /// <summary>The piece of a <c>piece KEY=VALUE…</c> line of native/load.c.</summary>
    /// <exception cref="KeyNotFoundException">A key is missing.</exception>
    public static Piece Parse(string line)
    {
        var values = line.Split(' ').Skip(1).Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture));
        return new Piece(
            values["done"],
            values["errors"],
            values["wall_ns"],
            values["cpu_ns"],
            values["kernel_ns"],
            values["calibration_before_ns"],
            values["calibration_after_ns"],
            values["p50_ns"],
            values["p90_ns"],
            values["p99_ns"],
            values["max_ns"]);
    }
}
