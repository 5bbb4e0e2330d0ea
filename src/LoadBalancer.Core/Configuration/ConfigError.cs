namespace LoadBalancer.Configuration;

/// <summary>What is wrong with a configuration, and where. A warning has the same form.</summary>
/// <param name="Place">Where the wrong value or key starts.</param>
/// <param name="Message">What was expected, what was found, what to do. It quotes the file as written, never what a reference stood for.</param>
public sealed record ConfigError(SourceSpan Place, string Message)
{
    /// <summary><c>lb.yaml:12:7: message</c>.</summary>
    public override string ToString() => $"{Place}: {Message}";
}
