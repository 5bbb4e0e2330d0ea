namespace LoadBalancer.Endpoints;

/// <summary>Which rule of <c>health.passive</c> took an endpoint out. <see cref="EjectionCauses.Word"/> is its key in the file, and the word of metrics, the log and /status.</summary>
public enum EjectionCause : byte
{
    /// <summary>So many failures within the window.</summary>
    Failures,

    /// <summary>So many attempts in a row that failed, with no answer between them.</summary>
    Consecutive,

    /// <summary>Such a share of the attempts within the window.</summary>
    FailureRatio,

    /// <summary>Slower than the others by so much.</summary>
    SlowerThan,
}
