namespace LoadBalancer.Http.Server.Http1;

/// <summary>What a client's time is running for.</summary>
internal enum ClientAct : byte
{
    /// <summary>Nothing: it waits for us.</summary>
    None,

    /// <summary>A request, of which not a byte is there.</summary>
    Request,

    /// <summary>The rest of a head.</summary>
    Head,

    /// <summary>More of a body.</summary>
    Body,

    /// <summary>Its end of the connection, after ours.</summary>
    Close,
}
