namespace LoadBalancer.Http.Explaining;

/// <summary>A route that does not have a request although its host or path fits, and why not.</summary>
/// <param name="Route">Its name.</param>
/// <param name="Host">Its host as the file has it; null for every host.</param>
/// <param name="Path">Its path as the file has it.</param>
/// <param name="Reason">What does not fit, or that another one is more specific.</param>
/// <param name="Detail">The same as a sentence.</param>
internal sealed record RouteMiss(string Route, string? Host, string Path, MissReason Reason, string Detail);
