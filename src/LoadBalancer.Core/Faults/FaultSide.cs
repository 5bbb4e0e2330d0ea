namespace LoadBalancer.Faults;

/// <summary>Whose fault it was that something did not succeed.</summary>
public enum FaultSide : byte
{
    /// <summary>The party that connected to us.</summary>
    Client,

    /// <summary>The endpoint, or the way to it.</summary>
    Upstream,

    /// <summary>This process: a limit of ours, or a resource that ran out.</summary>
    Internal,
}
