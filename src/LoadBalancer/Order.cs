namespace LoadBalancer.Daemon;

/// <summary>Something that a running daemon is ordered to do; the kinds of it are <see cref="ReloadOrder"/> and <see cref="UpgradeOrder"/>.</summary>
internal abstract class Order
{
    /// <summary>The number of the signal that gave it; null where somebody waits for what comes of it, or where it was this process's own idea.</summary>
    public int? Signal { get; init; }
}
