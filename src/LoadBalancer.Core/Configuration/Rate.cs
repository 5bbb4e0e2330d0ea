namespace LoadBalancer.Configuration;

/// <summary>At most so many in any window of a length: the file's <c>60/min</c>.</summary>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Window">The window's length: a second, a minute or an hour. It slides: it is no calendar period.</param>
public readonly record struct Rate(long Count, TimeSpan Window);
