namespace LoadBalancer.Daemon.Admin;

/// <summary>A change that an operator may ask for with POST. Thread-safe.</summary>
internal interface IAdminAction
{
    /// <summary>Its path, matched exactly and by case.</summary>
    string Path { get; }

    /// <summary>The parameters that its query may have.</summary>
    IReadOnlyList<string> Parameters { get; }

    /// <summary>Does it.</summary>
    Task<AdminAnswer> RunAsync(AdminRequest request);
}
