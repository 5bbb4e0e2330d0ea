namespace LoadBalancer.Daemon.Admin;

/// <summary>The empty container that Kestrel's options ask for.</summary>
internal sealed class NoServices : IServiceProvider
{
    /// <summary>The one there is.</summary>
    public static NoServices Instance { get; } = new();

    /// <inheritdoc/>
    public object? GetService(Type serviceType) => null;
}
