namespace LoadBalancer.Http.Server.Http1;

/// <summary>How far <see cref="HeadParser"/> came.</summary>
internal enum HeadStatus : byte
{
    /// <summary>More bytes are needed; nothing was consumed.</summary>
    Incomplete,

    /// <summary>The head is whole and parsed.</summary>
    Complete,

    /// <summary>The head is refused; nothing was consumed, and the connection is of no further use.</summary>
    Failed,
}
