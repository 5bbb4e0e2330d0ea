using LoadBalancer.Faults;

namespace LoadBalancer.Http.Telemetry;

/// <summary>Something that a policy of a route refuses.</summary>
/// <param name="Policy">The policy's word in the file.</param>
/// <param name="Kind">Why; <see cref="FaultKind.None"/> where it would have answered itself.</param>
/// <param name="IsShadow">True where the policy is only watched, and the request passed.</param>
internal readonly record struct PolicyRefusal(string Policy, FaultKind Kind, bool IsShadow)
{
    /// <summary>The reason code.</summary>
    public string Reason => Kind == FaultKind.None ? "answered" : new Fault(FaultSide.Client, Kind).Reason;
}
