using LoadBalancer.Faults;

namespace LoadBalancer.Http.Policies;

/// <summary>What a policy decided about a request. The one value that is acted on, recorded in the <see cref="DecisionTrace"/> and counted, so that these cannot differ.</summary>
/// <param name="Verdict">What it did.</param>
/// <param name="Fault">Why it is refused; <see cref="Faults.Fault.None"/> where it is not.</param>
/// <param name="Reason">Why it was let pass, as a word in snake case; null where there is nothing to say, and where it is refused.</param>
internal readonly record struct PolicyOutcome(PolicyVerdict Verdict, Fault Fault = default, string? Reason = null)
{
    /// <summary>The next policy is asked.</summary>
    public static PolicyOutcome Allowed => default;

    /// <summary>The request was changed, and the next policy is asked.</summary>
    public static PolicyOutcome Changed => new(PolicyVerdict.Changed);

    /// <summary>The policy has put a response without a body, or with <see cref="Server.Exchange.OwnBody"/>, into the exchange.</summary>
    public static PolicyOutcome Answer => new(PolicyVerdict.Answered);

    /// <summary>The next policy is asked, for a reason that is worth telling.</summary>
    /// <param name="reason">A constant in snake case.</param>
    public static PolicyOutcome AllowedFor(string reason) => new(PolicyVerdict.Allowed, default, reason);

    /// <summary>The policy has nothing to do with this request.</summary>
    /// <param name="reason">A constant in snake case.</param>
    public static PolicyOutcome Skipped(string reason) => new(PolicyVerdict.Skipped, default, reason);

    /// <summary>The request is refused, by the client's fault.</summary>
    public static PolicyOutcome Refuse(FaultKind kind) => Refuse(new Fault(FaultSide.Client, kind));

    /// <summary>The request is refused.</summary>
    public static PolicyOutcome Refuse(Fault fault) => new(PolicyVerdict.Refused, fault);

    /// <summary>True where nobody else is asked.</summary>
    public bool IsFinal => Verdict is PolicyVerdict.Answered or PolicyVerdict.Refused;
}
