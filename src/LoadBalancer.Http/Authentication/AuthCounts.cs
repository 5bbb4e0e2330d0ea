using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Authentication;

/// <summary>What one provider has answered. Counted on the loops, without a lock and without allocation; read from any thread.</summary>
/// <param name="provider">Its name in the file.</param>
/// <param name="loops">How many loops count.</param>
internal sealed class AuthCounts(string provider, int loops)
{
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    // By the number of a fault; that of no fault is who was identified.
    private readonly StripedCells _cells = new(loops, Kinds.Length);

    /// <summary>Its name in the file.</summary>
    public string Provider => provider;

    /// <summary>Counts by result: <c>identified</c>, and the reasons of refusals that there were.</summary>
    public IEnumerable<(string Result, long Count)> Results => Kinds
        .Select(kind => (Kind: kind, Count: _cells.Sum((int)kind)))
        .Where(result => result.Count > 0 || result.Kind == FaultKind.None)
        .Select(result => (result.Kind == FaultKind.None ? "identified" : new Fault(FaultSide.Client, result.Kind).Reason, result.Count));

    /// <summary>Counts a request that was identified, or refused.</summary>
    /// <param name="loop">The loop of its exchange.</param>
    /// <param name="fault">Why it was refused; <see cref="FaultKind.None"/> where it was not.</param>
    public void Count(int loop, FaultKind fault) => _cells.Add(loop, (int)fault);
}
