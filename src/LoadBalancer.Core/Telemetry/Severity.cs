namespace LoadBalancer.Telemetry;

/// <summary>How much a line of the daemon's own log matters, least first: the words of the file's <c>log.level</c>.</summary>
public enum Severity : byte
{
    /// <summary>For whoever looks for the cause of something.</summary>
    Debug,

    /// <summary>A change that an operator may want to see: started, reloaded, an endpoint became unhealthy.</summary>
    Info,

    /// <summary>Something is not as it should be, and the daemon goes on by itself.</summary>
    Warn,

    /// <summary>Something did not work, and somebody should act.</summary>
    Error,
}
