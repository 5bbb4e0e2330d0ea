namespace LoadBalancer.Endpoints;

/// <summary>One time that watched traffic took an endpoint out. Immutable; the latest is kept when it is over, for the back-off.</summary>
/// <param name="Repeats">How many came close after one another, this one included; 1 for the first.</param>
/// <param name="For">How long it lasts.</param>
/// <param name="At">The timestamp of its start, in the unit of the process's <see cref="TimeProvider"/>.</param>
/// <param name="Since">Its start by the wall clock, for the operator only.</param>
/// <param name="Reason">The failures that led to it, for the operator.</param>
/// <param name="Over">True where the endpoint is back.</param>
public sealed record Ejection(int Repeats, TimeSpan For, long At, DateTimeOffset Since, string Reason, bool Over = false)
{
    /// <summary>The rule that took it out.</summary>
    public EjectionCause Cause { get; init; }
}
