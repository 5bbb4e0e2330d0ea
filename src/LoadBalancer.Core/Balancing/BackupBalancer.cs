using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Primaries, and backups behind them. It exists only while both are available, so a backup is picked here for one
/// reason alone: this connection has tried every available primary in vain, and a backup is better than a refusal. That
/// primaries are at their cap is no reason: they will have room again, and a backup is not there to share the load.
/// </summary>
/// <param name="primaries">The table asked first.</param>
/// <param name="backups">The table asked when the first has nothing left.</param>
internal sealed class BackupBalancer(Balancer primaries, Balancer backups) : Balancer
{
    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        if (primaries.Pick(context) is { } primary)
        {
            return primary;
        }

        var full = context.Cap != PickContext.NoCap && primaries.Pick(new PickContext(context.HashKey, context.Tried)) is not null;
        return full ? null : backups.Pick(context);
    }
}
