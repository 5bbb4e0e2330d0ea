namespace LoadBalancer.Endpoints;

/// <summary>
/// What is thought of an endpoint: the verdict of probing and the ejection by watched traffic, side by side, because
/// they have different authors and end for different reasons.
/// </summary>
/// <remarks>
/// Read from any thread. Each property has one writer at a time: <see cref="Active"/> the endpoint's probe,
/// <see cref="Ejection"/> the loop of the upstream that runs. Both outlive a reload with the endpoint.
/// </remarks>
public sealed class HealthState
{
    /// <summary>The value of <see cref="FitSince"/> while something speaks against it.</summary>
    internal const long NotFit = long.MinValue;

    /// <summary>The value of <see cref="FitSince"/> of those with which an upstream began.</summary>
    internal const long FitFromTheFirst = long.MinValue + 1;

    private static readonly int TransitionKinds = Enum.GetValues<TransitionKind>().Length;
    private static readonly int ProbeResults = Enum.GetValues<ProbeResult>().Length;

    private readonly long[] _ejections = new long[EjectionCauses.All.Count];
    private readonly long[] _transitions = new long[TransitionKinds];
    private readonly long[] _probes = new long[ProbeResults];

    private ActiveHealth _active = ActiveHealth.Unproven;
    private Ejection? _ejection;
    private long _fitSince = NotFit;

    /// <summary>What probing says.</summary>
    public ActiveHealth Active
    {
        get => Volatile.Read(ref _active);
        internal set => Volatile.Write(ref _active, value);
    }

    /// <summary>The latest ejection, over or not; null where there never was one.</summary>
    public Ejection? Ejection
    {
        get => Volatile.Read(ref _ejection);
        internal set => Volatile.Write(ref _ejection, value);
    }

    /// <summary>
    /// Since when nothing speaks against picking it, as a timestamp of the process's <see cref="TimeProvider"/>: slow start
    /// counts from here. Written by the loop of the upstream that runs.
    /// </summary>
    internal long FitSince
    {
        get => Volatile.Read(ref _fitSince);
        set => Volatile.Write(ref _fitSince, value);
    }

    /// <summary>True while watched traffic keeps the endpoint out.</summary>
    public bool IsEjected => Ejection is { Over: false };

    /// <summary>How often a judge changed its mind in this way.</summary>
    public long Transitions(TransitionKind kind) => Interlocked.Read(ref _transitions[(int)kind]);

    /// <summary>How often that rule took it out.</summary>
    public long Ejections(EjectionCause cause) => Interlocked.Read(ref _ejections[(int)cause]);

    /// <summary>How many probes came to this.</summary>
    public long Probes(ProbeResult result) => Interlocked.Read(ref _probes[(int)result]);

    internal void Count(TransitionKind kind) => Interlocked.Increment(ref _transitions[(int)kind]);

    internal void Count(EjectionCause cause) => Interlocked.Increment(ref _ejections[(int)cause]);

    internal void Count(ProbeResult result) => Interlocked.Increment(ref _probes[(int)result]);
}
