namespace LoadBalancer.Telemetry;

/// <summary>Why a request is sent again. Its name in lower case is the word of logs and metrics.</summary>
public enum RetryReason : byte
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The endpoint could not be connected to.</summary>
    Connect,

    /// <summary>The endpoint has not looked at it: it said so, or closed a connection that had been idle.</summary>
    Unseen,

    /// <summary>The connection ended before the head of a response.</summary>
    Reset,

    /// <summary>The head of the response did not come in time.</summary>
    Timeout,

    /// <summary>The endpoint answered with a status that asks for another try.</summary>
    Status,

    /// <summary>The endpoint has not answered yet, and another one may be faster.</summary>
    Hedge,
}
