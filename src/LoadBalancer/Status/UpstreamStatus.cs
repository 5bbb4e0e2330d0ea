namespace LoadBalancer.Daemon.Status;

/// <summary>An upstream and its endpoints.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Balance">The name of its balancer.</param>
/// <param name="Endpoints">Its endpoints, in the order of the file.</param>
internal sealed record UpstreamStatus(string Name, string Balance, IReadOnlyList<EndpointStatus> Endpoints);
