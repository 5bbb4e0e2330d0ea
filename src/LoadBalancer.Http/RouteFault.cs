namespace LoadBalancer.Http;

/// <summary>What is wrong with a route, and with which of its keys.</summary>
/// <param name="Path">The keys from the route on: <c>request_headers</c>, <c>set</c>, <c>X-Trip</c>.</param>
/// <param name="Message">What is wrong and what to do.</param>
internal sealed record RouteFault(IReadOnlyList<string> Path, string Message);
