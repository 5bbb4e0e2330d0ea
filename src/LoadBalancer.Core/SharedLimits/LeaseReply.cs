namespace LoadBalancer.SharedLimits;

/// <summary>What the store answers. The default is that it does not.</summary>
/// <param name="Granted">How many are leased; −1 where the cost is refused, and then nothing is charged.</param>
/// <param name="Remaining">What is left for everybody, after this.</param>
/// <param name="WaitUs">How long until the cost would be allowed, in microseconds; 0 where it was.</param>
/// <param name="ResetUs">How long until all of the limit is there again, in microseconds.</param>
/// <param name="LeaseUs">How long what is leased may be used, in microseconds from when it was asked for.</param>
/// <param name="Mark">The store's time, in microseconds since 1970.</param>
internal readonly record struct LeaseReply(long Granted, long Remaining, long WaitUs, long ResetUs, long LeaseUs, long Mark)
{
    /// <summary>True where the store has answered.</summary>
    public bool IsGood => Mark > 0;

    /// <summary>True where nobody could be asked: the store has heard nothing of it. Without this an answer that did not come may have been one to what was done.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>True where the cost was charged.</summary>
    public bool IsAllowed => Granted >= 0;
}
