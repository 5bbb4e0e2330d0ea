namespace LoadBalancer.Daemon.Admin;

/// <summary>Why a change was not made.</summary>
/// <param name="Error">A sentence for the operator.</param>
internal sealed record ProblemAnswer(string Error);
