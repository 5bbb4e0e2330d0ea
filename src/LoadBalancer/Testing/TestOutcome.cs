namespace LoadBalancer.Daemon.Testing;

/// <summary>What became of one expectation.</summary>
/// <param name="Name">What was expected.</param>
/// <param name="Failures">What is otherwise, a sentence each; empty where it is as expected.</param>
internal sealed record TestOutcome(string Name, IReadOnlyList<string> Failures)
{
    /// <summary>True where it is as expected.</summary>
    public bool Passed => Failures.Count == 0;
}
