using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Primaries, and backups behind them. It exists only while both are available, so a backup is picked here for one
/// reason alone: this connection has tried every available primary in vain, and a backup is better than a refusal.
/// </summary>
/// <param name="primaries">The table asked first.</param>
/// <param name="backups">The table asked when the first has nothing left.</param>
internal sealed class BackupBalancer(Balancer primaries, Balancer backups) : Balancer
{
    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context) => primaries.Pick(context) ?? backups.Pick(context);
}
