using System.Globalization;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>What the guard found worse than before a reload.</summary>
/// <param name="Listener">The listener.</param>
/// <param name="Route">The route's name.</param>
/// <param name="Measure">What was compared: <c>5xx</c>, <c>401</c>, <c>403</c>, <c>404</c>, <c>429</c> or <c>p99</c>.</param>
/// <param name="Before">What it was before: a part of all requests, or seconds.</param>
/// <param name="After">What it is since.</param>
/// <param name="Requests">How many requests have ended since.</param>
internal sealed record GuardFinding(string Listener, string Route, string Measure, double Before, double After, long Requests)
{
    /// <summary>The name of the measure of time.</summary>
    public const string Latency = "p99";

    /// <summary>The sentence of logs, history and status.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"route {Route} of listener {Listener}: {Measure} was {Show(Before)} and is {Show(After)}, of {Requests} requests");

    private string Show(double value) => Measure == Latency
        ? string.Create(CultureInfo.InvariantCulture, $"{value * 1000:0.##} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.##}%");
}
