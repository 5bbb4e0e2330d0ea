namespace LoadBalancer.Http.Resilience;

/// <summary>How far an attempt came: what an endpoint can know of it.</summary>
internal enum AttemptStage : byte
{
    /// <summary>There was no endpoint to try.</summary>
    NoEndpoint,

    /// <summary>There was no connection to the endpoint.</summary>
    Unconnected,

    /// <summary>The endpoint said that it has not looked at the request, or was not even sent it (RFC 9113 section 8.7).</summary>
    Untouched,

    /// <summary>The connection had been idle, and ended without a byte: most likely the endpoint had closed it already.</summary>
    Stale,

    /// <summary>The endpoint may have acted on the request.</summary>
    Asked,
}
