namespace LoadBalancer.Faults;

/// <summary>
/// Why something did not succeed: whose fault, what, and whether another endpoint may be tried. The data plane returns
/// it; only the control plane throws.
/// </summary>
/// <param name="Side">Whose fault it was.</param>
/// <param name="Kind">What went wrong; <see cref="FaultKind.None"/> means success.</param>
/// <param name="Retryable">True where nothing of the exchange reached an endpoint, so that another may be tried.</param>
public readonly record struct Fault(FaultSide Side, FaultKind Kind, bool Retryable = false)
{
    private static readonly string[] Reasons =
        [.. Enum.GetNames<FaultKind>().Select(name => string.Concat(name.Select((letter, at) =>
            char.IsUpper(letter) ? (at == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString())))];

    /// <summary>Success.</summary>
    public static Fault None => default;

    /// <summary>True where this is a failure.</summary>
    public bool Failed => Kind != FaultKind.None;

    /// <summary>
    /// True where an attempt failed by the endpoint's doing or on the way to it: what circuit breakers count. Not where no endpoint was asked, and not
    /// a silence at the end, which may be meant.
    /// </summary>
    internal bool IsOfEndpoint => Side == FaultSide.Upstream && Kind is not (FaultKind.None or FaultKind.NoEndpoint or FaultKind.IdleTimeout or FaultKind.HalfClosedTimeout);

    /// <summary>The reason code of logs and metrics: the kind in snake case, such as <c>connect_timeout</c>.</summary>
    public string Reason => Reasons[(int)Kind];

    /// <summary>The side in logs: <c>client</c>, <c>upstream</c> or <c>internal</c>.</summary>
    public string SideName => Side switch
    {
        FaultSide.Client => "client",
        FaultSide.Upstream => "upstream",
        _ => "internal",
    };
}
