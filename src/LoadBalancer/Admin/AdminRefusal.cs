namespace LoadBalancer.Daemon.Admin;

/// <summary>Why a request is not answered as asked.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">Under what it is counted.</param>
/// <param name="Why">A sentence for the operator.</param>
internal sealed record AdminRefusal(int Status, AdminRefusalReason Reason, string Why)
{
    /// <summary>Headers that belong to the status.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
