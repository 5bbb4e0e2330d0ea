namespace LoadBalancer.Http.Routing;

/// <summary>What a <see cref="RequestPredicate"/> says of a request.</summary>
internal enum RequestVerdict
{
    /// <summary>It is not meant.</summary>
    No,

    /// <summary>It would be meant with another method.</summary>
    OtherMethod,

    /// <summary>It is meant.</summary>
    Yes,
}
