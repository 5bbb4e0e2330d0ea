namespace LoadBalancer.Http.Explaining;

/// <summary>The route that has the request.</summary>
/// <param name="Name">Its name in metrics and logs.</param>
/// <param name="Host">Its host as the file has it; null for every host.</param>
/// <param name="Path">Its path as the file has it.</param>
/// <param name="Conditions">Its further conditions, as the file has them.</param>
/// <param name="Captures">What its path captured.</param>
internal sealed record RouteExplanation(string Name, string? Host, string Path, IReadOnlyList<string> Conditions, IReadOnlyList<FactExplanation> Captures);
