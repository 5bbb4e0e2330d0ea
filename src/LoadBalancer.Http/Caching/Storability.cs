namespace LoadBalancer.Http.Caching;

/// <summary>Whether a response is kept, and why not.</summary>
internal enum Storability
{
    /// <summary>It is kept.</summary>
    Stored,

    /// <summary>Its status is none that is kept: an error, a part, a redirect for once.</summary>
    Status,

    /// <summary>It, or the request, says that nobody keeps it.</summary>
    NoStore,

    /// <summary>It is for one user.</summary>
    Private,

    /// <summary>It has to be asked for each time.</summary>
    NoCache,

    /// <summary>It sets a cookie, which would be everybody's.</summary>
    SetCookie,

    /// <summary>The request had a credential, and nothing says that the answer is for everybody.</summary>
    Credential,

    /// <summary>It depends on what is no field, or on too many.</summary>
    Vary,

    /// <summary>The endpoint got a field that is not usual, and by which the answer would not be found.</summary>
    Field,

    /// <summary>It is stale already, or nothing says for how long it is fresh.</summary>
    NotFresh,

    /// <summary>It is a stream that has no end, or none that can be told from a break.</summary>
    Endless,

    /// <summary>It is larger than what is kept.</summary>
    TooLarge,

    /// <summary>It has more tags than are known of an answer, so that it might not be given up with others that have one of them.</summary>
    Tags,
}
