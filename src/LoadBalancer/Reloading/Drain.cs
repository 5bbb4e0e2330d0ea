using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Lets what is open end by itself, up to a deadline.</summary>
internal static class Drain
{
    // How soon it is seen that endpoints are back.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly Fault Drained = new(FaultSide.Internal, FaultKind.Drained);

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
            await connections.StopAllAsync(Drained);
            await empty;
            return open;
        }
    }

    /// <summary>
    /// The same for what goes to endpoints that a configuration or an operator has taken away, on listeners that stay. It takes the whole time: who was on his way
    /// to them when they were taken away, in a handshake perhaps, may come to them until then, and after it nobody does. Then connections to them that
    /// no request uses are closed too, and what lb itself asks of them is ended: copies for a mirror, and what is asked anew for the cache.
    /// </summary>
    /// <param name="tables">The connections of those listeners.</param>
    /// <param name="gone">The endpoints. One that comes back meanwhile keeps what was not told to end yet.</param>
    /// <param name="engine">Has the connections that no request uses.</param>
    /// <param name="patience">The deadline.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="hurry">Ends the patience early.</param>
    /// <returns>How many were ended by the deadline.</returns>
    public static async Task<int> WithdrawAsync(
        IReadOnlyList<ConnectionTable> tables, Withdrawal gone, HttpEngine engine, TimeSpan patience, TimeProvider time, CancellationToken hurry)
    {
        if (gone.IsOver)
        {
            return 0;
        }

        var began = time.GetTimestamp();
        await Task.WhenAll(tables.Select(table => table.WithdrawAllAsync(gone, SpreadOf(patience))));
        await WaitAsync(tables, () => gone.IsOver, began, patience, time, hurry);
        gone.Close();
        var open = gone.Open;
        await Task.WhenAll(tables.Select(table => table.StopWithdrawnAsync(gone, Drained)));
        await Task.WhenAll(engine.Loops.ToArray().Select(loop => loop.Upstreams.Loop.RunAsync(
            _ =>
            {
                loop.StopWithdrawn(gone, Drained);
                loop.Upstreams.Retire(gone);
            },
            null)));
        return open;
    }

    /// <summary>The same for what a configuration leaves without a successor on a listener that stays (<see cref="Retirement"/>).</summary>
    /// <param name="connections">The listener's.</param>
    /// <param name="retirement">What ends them.</param>
    /// <param name="patience">The deadline.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="hurry">Ends the patience early.</param>
    /// <returns>How many were ended by the deadline.</returns>
    public static async Task<int> RetireAsync(ConnectionTable connections, Retirement retirement, TimeSpan patience, TimeProvider time, CancellationToken hurry)
    {
        var began = time.GetTimestamp();
        await connections.RetireAllAsync(retirement, SpreadOf(patience));
        await WaitAsync([connections], static () => false, began, patience, time, hurry);
        await connections.StopRetiredAsync(retirement, Drained);
        return retirement.Stopped;
    }

    // The second half is for what was told to end last.
    private static TimeSpan SpreadOf(TimeSpan patience) => patience / 2;

    // Where no connection is open any more, as at the end of the process, nothing is waited for.
    private static async Task WaitAsync(IReadOnlyList<ConnectionTable> tables, Func<bool> isOver, long began, TimeSpan patience, TimeProvider time, CancellationToken hurry)
    {
        var empty = Task.CompletedTask;
        while (!isOver() && tables.Any(table => table.Count > 0) && patience - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero && !hurry.IsCancellationRequested)
        {
            empty = empty.IsCompleted ? Task.WhenAll(tables.Select(table => table.WhenEmptyAsync())) : empty;
            await empty.WaitAsync(left < Pause ? left : Pause, time, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
