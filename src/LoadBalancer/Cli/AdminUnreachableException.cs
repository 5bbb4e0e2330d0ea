namespace LoadBalancer.Daemon.Cli;

/// <summary>No running lb could be asked.</summary>
/// <param name="message">Why, a line for each address that was tried.</param>
internal sealed class AdminUnreachableException(string message) : Exception(message);
