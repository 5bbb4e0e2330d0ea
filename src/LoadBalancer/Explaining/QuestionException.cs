namespace LoadBalancer.Daemon.Explaining;

/// <summary>A question that has no answer, because it is none; the message says why, and holds nothing secret.</summary>
internal sealed class QuestionException(string message) : Exception(message);
