namespace LoadBalancer.Http.Policies;

/// <summary>What a policy did with a request.</summary>
internal enum PolicyVerdict : byte
{
    /// <summary>Let it pass, as it is.</summary>
    Allowed,

    /// <summary>Let it pass, and changed it.</summary>
    Changed,

    /// <summary>Had nothing to do with this request.</summary>
    Skipped,

    /// <summary>Put the response into the exchange.</summary>
    Answered,

    /// <summary>Refused it.</summary>
    Refused,

    /// <summary>Would have refused or answered it, were it not in the route's <c>shadow</c>: it passed.</summary>
    WouldRefuse,
}
