namespace LoadBalancer.Daemon.Admin;

/// <summary>What only an operator may ask for who may change something: a change, with POST, or what tells of clients. Thread-safe.</summary>
internal interface IAdminAction
{
    /// <summary>Its path, matched exactly and by case.</summary>
    string Path { get; }

    /// <summary>The parameters that its query may have.</summary>
    IReadOnlyList<string> Parameters { get; }

    /// <summary>The method that it is asked for with.</summary>
    string Method => "POST";

    /// <summary>True where it changes something: then it is a line in the log.</summary>
    bool IsChange => true;

    /// <summary>True where a name may stand behind the path and a slash: <see cref="AdminRequest.Name"/>.</summary>
    bool HasItems => false;

    /// <summary>The longest body that it takes, in bytes; 0 for none.</summary>
    int MostBody => 0;

    /// <summary>Does it.</summary>
    Task<AdminAnswer> RunAsync(AdminRequest request);
}
