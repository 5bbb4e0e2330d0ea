namespace LoadBalancer.Limits;

/// <summary>How much it matters that something is done while not everything can be: what is lower goes first.</summary>
public enum Importance : byte
{
    /// <summary>Done where there is room to spare.</summary>
    Low,

    /// <summary>What most is.</summary>
    Normal,

    /// <summary>Done before all others.</summary>
    High,

    /// <summary>Never refused for overload; it still waits no longer, and in no longer a line, than its owner allows.</summary>
    Never,
}
