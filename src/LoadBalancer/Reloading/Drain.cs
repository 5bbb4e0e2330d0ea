using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Lets the connections of a table end by themselves, up to a deadline.</summary>
internal static class Drain
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Completes when the table is empty: those that are open after <paramref name="patience"/> are closed.</summary>
    /// <param name="connections">Nothing enters it any more.</param>
    /// <param name="patience">The deadline; zero closes at once.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="hurry">Ends the patience early.</param>
    /// <returns>How many were closed by the deadline.</returns>
    public static async Task<int> RunAsync(ConnectionTable connections, TimeSpan patience, TimeProvider time, CancellationToken hurry = default)
    {
        var empty = connections.WhenEmptyAsync();
        try
        {
            await connections.FinishAllAsync(SpreadOf(patience));
            await empty.WaitAsync(patience, time, hurry);
            return 0;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            var open = connections.Count;
            await connections.StopAllAsync(new Fault(FaultSide.Internal, FaultKind.Drained));
            await empty;
            return open;
        }
    }

    /// <summary>The same for what goes to endpoints that a configuration has taken away, on listeners that stay.</summary>
    /// <param name="tables">The connections of those listeners.</param>
    /// <param name="gone">The endpoints. One that comes back meanwhile keeps what was not told to end yet.</param>
    /// <param name="patience">The deadline.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="hurry">Ends the patience early.</param>
    public static async Task WithdrawAsync(
        IReadOnlyList<ConnectionTable> tables, Withdrawal gone, TimeSpan patience, TimeProvider time, CancellationToken hurry)
    {
        if (gone.IsOver)
        {
            return;
        }

        var began = time.GetTimestamp();
        await Task.WhenAll(tables.Select(table => table.WithdrawAllAsync(gone, SpreadOf(patience))));
        while (!gone.IsOver && time.GetElapsedTime(began) < patience && !hurry.IsCancellationRequested)
        {
            await Task.Delay(Pause, time, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(tables.Select(table => table.StopWithdrawnAsync(gone, new Fault(FaultSide.Internal, FaultKind.Drained))));
    }

    // The second half is for what was told to end last.
    private static TimeSpan SpreadOf(TimeSpan patience) => patience / 2;
}
