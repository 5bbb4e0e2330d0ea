namespace LoadBalancer.Configuration;

/// <summary>A scalar's text after its references were replaced, or why there is none.</summary>
/// <param name="Value">The text; null where it is not known.</param>
/// <param name="Fault">What is wrong with a reference; null where nothing is. Without a value and without a fault, the text was left unknown on purpose.</param>
public readonly record struct ScalarText(string? Value, string? Fault = null)
{
    /// <summary>A text that nobody looked up, as in a check without secrets: whatever reads it takes it as valid.</summary>
    public static ScalarText Unknown => default;
}
