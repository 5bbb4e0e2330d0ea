namespace LoadBalancer.Daemon.Comparing;

/// <summary>What has become of something between two configurations.</summary>
internal enum DifferenceKind
{
    /// <summary>Requests that nobody took are taken.</summary>
    Opened,

    /// <summary>Requests that were taken are not any more.</summary>
    Closed,

    /// <summary>Requests go to another place.</summary>
    Moved,

    /// <summary>A key has another value.</summary>
    Changed,
}
