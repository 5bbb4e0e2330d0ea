namespace LoadBalancer.Discovery.Dns;

/// <summary>What a message is that came in answer to a question.</summary>
internal enum DnsReading
{
    /// <summary>The answer.</summary>
    Good,

    /// <summary>No answer to this question: whoever sent it, the answer may still come.</summary>
    NotOurs,

    /// <summary>An answer that cannot be read.</summary>
    Malformed,
}
