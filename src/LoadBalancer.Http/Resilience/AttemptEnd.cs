using LoadBalancer.Faults;

namespace LoadBalancer.Http.Resilience;

/// <summary>What a <see cref="RetryPlan"/> has to know of an attempt that has ended with a fault, or with the head of a response.</summary>
internal readonly record struct AttemptEnd
{
    /// <summary>How far it came.</summary>
    public AttemptStage Stage { get; init; }

    /// <summary>Why there is no response; <see cref="Fault.None"/> where there is one.</summary>
    public Fault Fault { get; init; }

    /// <summary>The response's status, where there is one.</summary>
    public int Status { get; init; }

    /// <summary>Attempts of the exchange so far, those left out that no endpoint has looked at.</summary>
    public int Tries { get; init; }

    /// <summary>True where the request may be acted on twice: see <see cref="RetryPlan.MayRepeat"/>.</summary>
    public bool MayRepeat { get; init; }

    /// <summary>True where the whole body can be sent again, or there is none.</summary>
    public bool CanReplay { get; init; }

    /// <summary>True where the client has got something of a response.</summary>
    public bool IsCommitted { get; init; }
}
