namespace LoadBalancer.Limits;

/// <summary>What a limit says to a request.</summary>
/// <param name="Allowed">True where it was charged; false where nothing was.</param>
/// <param name="Remaining">What is left, 0 or more.</param>
/// <param name="Wait">How long until as much would be allowed; zero where it was.</param>
/// <param name="Reset">How long until all of the limit is there again, if nobody comes.</param>
internal readonly record struct LimitAnswer(bool Allowed, long Remaining, TimeSpan Wait, TimeSpan Reset)
{
    /// <summary>True where it is refused because the store of the counts cannot be asked, and the file wants it so.</summary>
    public bool IsUnavailable { get; init; }

    /// <summary>True where the store of the counts cannot be asked, and this instance has decided alone.</summary>
    public bool IsAlone { get; init; }
}
