namespace LoadBalancer.Peers.Scenarios;

/// <summary>The start of a contender's process, until it accepts its first connection.</summary>
internal sealed record StartScenario(string Name, string Title, string Unit) : Scenario(Name, Title, Unit);
