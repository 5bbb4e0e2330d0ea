namespace LoadBalancer.Configuration.Values;

/// <summary>What the keys of a <see cref="TextMapKind{T}"/> are. Immutable.</summary>
/// <param name="Noun">What a key is, with its article.</param>
/// <param name="Example">One key.</param>
/// <param name="Pattern">A regular expression of the keys.</param>
internal sealed record MapKey(string Noun, string Example, string Pattern)
{
    /// <summary>The hosts of a map, in lower case: nobody tells them apart by it.</summary>
    public static MapKey Host { get; } = new("a host", "api.example.com", HostPattern.Pattern)
    {
        Comparer = StringComparer.OrdinalIgnoreCase,
        KeptAs = key => key.ToLowerInvariant(),
        IsValid = HostPattern.IsValid,
        Advice = HostPattern.Advice,
    };

    /// <summary>Which keys are the same.</summary>
    public StringComparer Comparer { get; init; } = StringComparer.Ordinal;

    /// <summary>The form in which a key is kept.</summary>
    public Func<string, string> KeptAs { get; init; } = key => key;

    /// <summary>What is asked of a key beyond <see cref="Pattern"/>.</summary>
    public Func<string, bool> IsValid { get; init; } = _ => true;

    /// <summary>What to write in place of a key that is refused; null where there is no advice.</summary>
    public Func<string, string?> Advice { get; init; } = _ => null;
}
