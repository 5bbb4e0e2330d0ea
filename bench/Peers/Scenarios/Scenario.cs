namespace LoadBalancer.Peers.Scenarios;

/// <summary>Something that every contender does in every round, and the unit that its cost is stated in.</summary>
internal abstract record Scenario(string Name, string Title, string Unit);
