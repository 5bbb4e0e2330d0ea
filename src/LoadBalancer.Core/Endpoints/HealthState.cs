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
    private ActiveHealth _active = ActiveHealth.Unproven;
    private Ejection? _ejection;

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

    /// <summary>True while watched traffic keeps the endpoint out.</summary>
    public bool IsEjected => Ejection is { Over: false };
}
