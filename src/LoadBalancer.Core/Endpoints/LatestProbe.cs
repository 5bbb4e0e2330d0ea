namespace LoadBalancer.Endpoints;

/// <summary>The latest probe of an endpoint, for the operator. Immutable.</summary>
/// <param name="Result">What it came to.</param>
/// <param name="Answer">The same as a sentence.</param>
/// <param name="At">Its start, by the wall clock.</param>
/// <param name="Took">From its start to the answer.</param>
/// <param name="Next">When the next one is due, by the wall clock.</param>
/// <param name="InARow">How many have passed in a row, or have not, this one included.</param>
public sealed record LatestProbe(ProbeResult Result, string Answer, DateTimeOffset At, TimeSpan Took, DateTimeOffset Next, int InARow)
{
    /// <summary>True where the endpoint answered as it should.</summary>
    public bool Passed => Result == ProbeResult.Passed;
}
