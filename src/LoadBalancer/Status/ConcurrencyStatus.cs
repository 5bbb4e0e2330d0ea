using LoadBalancer.Limits;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Status;

/// <summary>The bound of requests under way at an upstream.</summary>
/// <param name="Limit">How many may be under way.</param>
/// <param name="UnderWay">How many are.</param>
/// <param name="BaseMs">With <c>auto</c>: how long an answer takes where none has to wait, in milliseconds; null while that is not known.</param>
/// <param name="Shed">Requests that were refused for overload, by importance.</param>
internal sealed record ConcurrencyStatus(int Limit, int UnderWay, double? BaseMs, IReadOnlyDictionary<string, long> Shed)
{
    /// <summary>The bound as of now; null where there is none.</summary>
    public static ConcurrencyStatus? Of(Upstream upstream) => upstream.Gate is not { } gate
        ? null
        : new ConcurrencyStatus(
            gate.Limit, gate.UnderWay, gate.Base == TimeSpan.Zero ? null : gate.Base.TotalMilliseconds,
            new[] { Importance.High, Importance.Normal, Importance.Low }.ToDictionary(importance => importance.ToString().ToLowerInvariant(), upstream.Pending.Shed));
}
