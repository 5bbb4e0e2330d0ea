using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Status;

/// <summary>The circuit breaker of an upstream.</summary>
/// <param name="State"><c>closed</c>, <c>open</c> or <c>half_open</c>.</param>
/// <param name="Reason">Why; empty where it was never open.</param>
/// <param name="Since">When the state, or the one that led to it, began.</param>
/// <param name="RetryAfterSeconds">While it is not closed: in how many seconds it is worth another try.</param>
/// <param name="Openings">How often it opened.</param>
/// <param name="Refused">Attempts that it refused.</param>
internal sealed record CircuitStatus(string State, string Reason, DateTimeOffset Since, int? RetryAfterSeconds, long Openings, long Refused)
{
    /// <summary>Every state's word.</summary>
    public static IReadOnlyList<string> States { get; } = [.. Enum.GetValues<CircuitState>().Select(Word)];

    /// <summary>A breaker as of now; null where there is none.</summary>
    public static CircuitStatus? Of(Circuit? circuit) => circuit is null
        ? null
        : new CircuitStatus(
            Word(circuit.State), circuit.Reason, circuit.Since, circuit.State == CircuitState.Closed ? null : circuit.RetryAfterSeconds, circuit.Openings, circuit.Refused);

    /// <summary>The word of a state.</summary>
    public static string Word(CircuitState state) => state switch
    {
        CircuitState.Open => "open",
        CircuitState.HalfOpen => "half_open",
        _ => "closed",
    };
}
