namespace LoadBalancer.Discovery.Dns;

/// <summary>How a lookup went.</summary>
internal enum DnsOutcome
{
    /// <summary>There are addresses.</summary>
    Found,

    /// <summary>The name is there, and has no address of the family.</summary>
    NoAddress,

    /// <summary>There is no such name.</summary>
    NoName,

    /// <summary>Nobody could say.</summary>
    Failed,
}
