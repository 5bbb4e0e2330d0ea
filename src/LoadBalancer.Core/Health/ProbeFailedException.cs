namespace LoadBalancer.Health;

/// <summary>A probe that got no further, for the steps inside a probe. It never leaves the probe.</summary>
/// <param name="answer">What the probe answers.</param>
internal sealed class ProbeFailedException(ProbeAnswer answer) : Exception(answer.Reason)
{
    /// <summary>What the probe answers.</summary>
    public ProbeAnswer Answer => answer;
}
