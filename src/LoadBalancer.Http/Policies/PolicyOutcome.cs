using LoadBalancer.Faults;

namespace LoadBalancer.Http.Policies;

/// <summary>What a policy decided about a request.</summary>
/// <param name="Fault">Why it is refused; <see cref="Faults.Fault.None"/> where it is not.</param>
/// <param name="Answered">True where <see cref="Server.Exchange.Response"/> holds the answer already.</param>
internal readonly record struct PolicyOutcome(Fault Fault, bool Answered = false)
{
    /// <summary>The next policy is asked.</summary>
    public static PolicyOutcome Continue => default;

    /// <summary>The policy has put a response without a body, or with <see cref="Server.Exchange.OwnBody"/>, into the exchange.</summary>
    public static PolicyOutcome Answer => new(Fault.None, true);

    /// <summary>The request is refused.</summary>
    public static PolicyOutcome Refuse(FaultKind kind) => new(new Fault(FaultSide.Client, kind));

    /// <summary>True where nobody else is asked.</summary>
    public bool IsFinal => Answered || Fault.Failed;
}
