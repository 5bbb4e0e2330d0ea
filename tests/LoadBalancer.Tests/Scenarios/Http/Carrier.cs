namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What carries the requests of a test's clients.</summary>
public enum Carrier
{
    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2 by prior knowledge.</summary>
    Http2,
}
