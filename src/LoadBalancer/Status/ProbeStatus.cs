using System.Text.Json;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.Status;

/// <summary>The latest probe of an endpoint.</summary>
/// <param name="Result">Its reason code: <c>passed</c>, <c>connect_refused</c>, <c>status</c>.</param>
/// <param name="Answer">The same as a sentence.</param>
/// <param name="At">When it began.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="NextAt">When the next one is due.</param>
/// <param name="InARow">How many have passed in a row, or have failed, this one included; thresholds are about these.</param>
internal sealed record ProbeStatus(string Result, string Answer, DateTimeOffset At, double DurationMs, DateTimeOffset NextAt, int InARow)
{
    /// <summary>The latest probe; null where there was none.</summary>
    public static ProbeStatus? Of(ActiveHealth health) =>
        health.Latest is { } probe
            ? new ProbeStatus(Code(probe.Result), probe.Answer, probe.At, Math.Round(probe.Took.TotalMilliseconds, 3), probe.Next, probe.InARow)
            : null;

    /// <summary>The reason code of a result, for metrics too.</summary>
    public static string Code(ProbeResult result) => JsonNamingPolicy.SnakeCaseLower.ConvertName(result.ToString());
}
