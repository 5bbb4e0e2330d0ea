using LoadBalancer.Connections.Tracking;
using LoadBalancer.Faults;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Lets the connections of a table end by themselves, up to a deadline.</summary>
internal static class Drain
{
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
            await connections.FinishAllAsync();
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
}
