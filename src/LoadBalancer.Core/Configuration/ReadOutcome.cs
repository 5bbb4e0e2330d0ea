namespace LoadBalancer.Configuration;

/// <summary>How a kind fared with a node.</summary>
public enum ReadOutcome
{
    /// <summary>It has a value. Errors deeper inside were reported; the value then holds what could be read.</summary>
    Read,

    /// <summary>It has none, and that was reported or is so on purpose.</summary>
    Failed,

    /// <summary>The node is not of this kind; nothing was reported, because the caller may accept another.</summary>
    Mismatch,
}
