namespace LoadBalancer.Configuration;

/// <summary>Whether a key may be left out.</summary>
public enum Presence
{
    /// <summary>It has a default.</summary>
    Optional,

    /// <summary>It has none: leaving it out is an error.</summary>
    Required,
}
