using System.Text.Json.Serialization;

namespace LoadBalancer.Http.Explaining;

/// <summary>An endpoint, and whether it may be asked.</summary>
/// <param name="Address">Its address.</param>
/// <param name="State">
/// <c>chosen</c>, <c>candidate</c>, or why it is left out: <c>drained</c>, <c>weight_zero</c>, <c>unhealthy</c>, <c>ejected</c>, <c>backup</c>, <c>at_cap</c>.
/// </param>
/// <param name="Weight">Its share of traffic.</param>
/// <param name="Reason">The verdict behind the state as a sentence; null where there is nothing to say.</param>
internal sealed record EndpointExplanation(string Address, string State, int Weight, string? Reason)
{
    /// <summary>True where a pick may return it now.</summary>
    [JsonIgnore]
    public bool MayBePicked => State is "chosen" or "candidate";
}
