using System.Text.Json.Serialization;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>The requests that an upstream was sent.</summary>
/// <param name="Metrics">Where it counts.</param>
internal sealed record UpstreamRequests([property: JsonIgnore] ResponseMetrics Metrics)
{
    /// <summary>Requests by the class of the response's status; <c>none</c> where there was no response.</summary>
    public IReadOnlyDictionary<string, long> Responses =>
        StatusClass.Names.Select((name, at) => (name, Metrics.ResponsesOf(at))).Append(("none", Metrics.Unanswered)).ToDictionary();

    /// <summary>Tries beyond the first of a request, by why they were made.</summary>
    public IReadOnlyDictionary<string, long> Retries => RetryReasons.All.ToDictionary(reason => reason.Word!, Metrics.RetriesOf);

    /// <summary>Second attempts beside a slow one that brought the answer.</summary>
    public long HedgesWon => Metrics.HedgesWon;

    /// <summary>Requests that found an idle connection.</summary>
    public long Reused => Metrics.Reused;

    /// <summary>Connections to its endpoints that serve a request now.</summary>
    public long InUseConnections => Metrics.InUse;

    /// <summary>Connections to its endpoints that wait for one.</summary>
    public long IdleConnections => Metrics.Idle;

    /// <summary>The requests of an upstream as of now; null where no HTTP listener ever led to it.</summary>
    public static UpstreamRequests? Of(ResponseMetrics? metrics) => metrics is null ? null : new UpstreamRequests(metrics);
}
