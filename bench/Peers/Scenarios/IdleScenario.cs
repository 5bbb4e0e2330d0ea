namespace LoadBalancer.Peers.Scenarios;

/// <summary>Open connections without traffic, measured in resident memory.</summary>
internal sealed record IdleScenario(string Name, string Title, string Unit, int Connections) : Scenario(Name, Title, Unit)
{
    /// <summary>The load before memory is first read.</summary>
    public required TrafficScenario WarmUp { get; init; }
}
