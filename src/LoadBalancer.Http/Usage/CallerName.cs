namespace LoadBalancer.Http.Usage;

/// <summary>Whom usage is counted for: an identity as its provider knows it, under one plan. A caller whose plan changes within a month has a count under each.</summary>
/// <param name="Provider">The provider's name in the file's <c>auth</c>; null where it is nobody known.</param>
/// <param name="Subject">Who it is; null where it is nobody known.</param>
/// <param name="Plan">The plan that the identity says; null for none.</param>
internal readonly record struct CallerName(string? Provider, string? Subject, string? Plan)
{
    /// <summary>All who were not known: refused by <c>auth</c>, or let pass as nobody.</summary>
    public static CallerName Anonymous { get; } = new(null, "(anonymous)", null);

    /// <summary>All who came when there were too many of them already.</summary>
    public static CallerName Others { get; } = new(null, "(others)", null);
}
