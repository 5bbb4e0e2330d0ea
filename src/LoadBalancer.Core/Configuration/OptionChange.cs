namespace LoadBalancer.Configuration;

/// <summary>A key whose value is another in one record of options than in another.</summary>
/// <param name="Path">The keys that lead to it, with dots between them.</param>
/// <param name="Before">The value before, as the file would have it; null where an entry is new.</param>
/// <param name="After">The value after; null where an entry is gone.</param>
public readonly record struct OptionChange(string Path, string? Before, string? After);
