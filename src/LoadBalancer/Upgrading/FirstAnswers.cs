using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>What a process that replaces another waits for, because the other knows it: where endpoints are, and which of them live.</summary>
internal static class FirstAnswers
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Completes when every discovery has had an answer and every endpoint that is probed a first probe, or after <paramref name="patience"/>.</summary>
    public static async Task AwaitAsync(Snapshot snapshot, TimeSpan patience, TimeProvider time)
    {
        var began = time.GetTimestamp();
        while (!AreThere(snapshot) && time.GetElapsedTime(began) < patience)
        {
            await Task.Delay(Pause, time);
        }

        await Task.WhenAll(snapshot.Upstreams.Values.Select(upstream => upstream.SettleAsync()));
    }

    private static bool AreThere(Snapshot snapshot) => snapshot.Upstreams.Values.All(upstream =>
        upstream.Discovery is null or { LastSuccess: not null } or { LastErrorAt: not null }
        && (upstream.Options.Health.Active is null || upstream.View.All.All(member => member.Endpoint.Health.Active != ActiveHealth.Unproven)));
}
