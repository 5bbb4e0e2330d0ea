namespace LoadBalancer.Tcp;

/// <summary>Where a TCP listener leads: the file's <c>listeners.NAME.tcp</c>.</summary>
/// <param name="Upstream">The name of the upstream that takes its connections.</param>
public sealed record TcpOptions(string Upstream);
