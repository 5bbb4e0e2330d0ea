namespace LoadBalancer.Daemon;

/// <summary>Something that a running daemon is ordered to do; the kinds of it are <see cref="ReloadOrder"/> and <see cref="UpgradeOrder"/>.</summary>
internal abstract class Order;
