namespace LoadBalancer.Discovery.Dns;

/// <summary>What a name server says of a question (RFC 1035 §4.1.1, RFC 6891 §6.1.3); further codes are numbers.</summary>
internal enum DnsResponseCode : ushort
{
    /// <summary>The answer is good, and may hold no record.</summary>
    NoError = 0,

    /// <summary>It could not read the question.</summary>
    FormErr = 1,

    /// <summary>It could not find out.</summary>
    ServFail = 2,

    /// <summary>There is no such name.</summary>
    NxDomain = 3,

    /// <summary>It does not do that.</summary>
    NotImp = 4,

    /// <summary>It does not want to.</summary>
    Refused = 5,
}
