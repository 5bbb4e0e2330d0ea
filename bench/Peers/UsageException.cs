namespace LoadBalancer.Peers;

/// <summary>A run that cannot start as it was asked for, with a message for the person who asked.</summary>
internal sealed class UsageException(string message) : Exception(message);
