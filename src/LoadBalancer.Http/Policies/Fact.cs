using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies;

/// <summary>Something that a policy looked at when it decided. One of text, number and bytes.</summary>
/// <param name="Name">What it is, a constant in snake case.</param>
/// <param name="Text">A text that outlives the request; null where it is something else.</param>
/// <param name="Number">A number, where there is neither text nor bytes.</param>
/// <param name="Bytes">Where it is in <see cref="DecisionTrace.Bytes"/>; of no length where it is something else.</param>
internal readonly record struct Fact(string Name, string? Text, long Number, Slice Bytes);
