namespace LoadBalancer.Endpoints;

/// <summary>The words of <see cref="EjectionCause"/>.</summary>
public static class EjectionCauses
{
    /// <summary>All of them, in the order of the file's keys.</summary>
    public static IReadOnlyList<EjectionCause> All { get; } = Enum.GetValues<EjectionCause>();

    /// <summary>The key of the rule.</summary>
    public static string Word(this EjectionCause cause) => cause switch
    {
        EjectionCause.Consecutive => "consecutive",
        EjectionCause.FailureRatio => "failure_ratio",
        EjectionCause.SlowerThan => "slower_than",
        _ => "failures",
    };
}
