namespace LoadBalancer.Endpoints;

/// <summary>What an upstream's circuit breaker does with attempts. Its name in snake case is the word of metrics and /status.</summary>
public enum CircuitState : byte
{
    /// <summary>All pass.</summary>
    Closed,

    /// <summary>None passes.</summary>
    Open,

    /// <summary>A counted few pass, to find out.</summary>
    HalfOpen,
}
