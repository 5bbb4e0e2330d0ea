using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>An endpoint's place in an upstream, as the file gives it, or an operator: what may change while the endpoint stays.</summary>
/// <param name="Endpoint">Who.</param>
/// <param name="Weight">Its share relative to the others, 0 to 256. At 0 it gets nothing new, while what it has goes on.</param>
/// <param name="Backup">True where it is used only while no other is available.</param>
public readonly record struct Member(Endpoint Endpoint, int Weight, bool Backup);
