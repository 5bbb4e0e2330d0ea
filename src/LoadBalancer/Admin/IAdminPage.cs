namespace LoadBalancer.Daemon.Admin;

/// <summary>A page of the operator's listener. Thread-safe: several readers ask at once, each on a pool thread.</summary>
internal interface IAdminPage
{
    /// <summary>Its path, matched exactly and by case.</summary>
    string Path { get; }

    /// <summary>The page as of now, for a reader with this Accept header.</summary>
    AdminAnswer Read(string? accept);
}
