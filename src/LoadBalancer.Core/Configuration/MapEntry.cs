namespace LoadBalancer.Configuration;

/// <summary>One key of a map with its value.</summary>
/// <param name="Key">The key's text.</param>
/// <param name="Place">Where the key starts.</param>
/// <param name="Value">What stands behind the colon.</param>
public sealed record MapEntry(string Key, SourceSpan Place, ConfigNode Value);
