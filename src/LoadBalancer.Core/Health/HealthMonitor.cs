using System.Collections.Immutable;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>
/// The active checks of one upstream: one task an endpoint that probes at its interval, keeps
/// <see cref="HealthState.Active"/> and says when the verdict changes.
/// </summary>
/// <remarks>
/// When the first probe comes. An endpoint that was never probed is probed at once: the first of the upstream
/// immediately, the others spread over <see cref="FirstSpread"/>, so that a thousand endpoints are not a thousand
/// connects in one millisecond; its second probe comes half an interval to one and a half after the first, so that from then
/// on they are spread over the whole interval. One that an earlier monitor probed keeps its pace: the next probe is due an interval
/// after the last, so that reloads in quick succession neither skip probes nor double them. After that, each interval is
/// drawn anew within the jitter.
/// <para>
/// Control plane: the tasks run on the thread pool. One monitor owns an endpoint's probing at a time; its upstream, which alone
/// calls <see cref="Watch"/>, sees to that.
/// </para>
/// </remarks>
/// <param name="options">When and how.</param>
/// <param name="probe">What is asked.</param>
/// <param name="time">The clock.</param>
/// <param name="seed">The seed of the jitter.</param>
/// <param name="changed">Is told, on the pool, of each endpoint with a new verdict.</param>
internal sealed class HealthMonitor(ActiveHealthOptions options, Probe probe, TimeProvider time, int seed, Action<Endpoint> changed)
    : IAsyncDisposable
{
    private static readonly TimeSpan FirstSpread = TimeSpan.FromSeconds(1);

    private readonly HealthThresholds _thresholds = new(options.HealthyAfter, options.UnhealthyAfter);

    // Their sources are never disposed of: they have neither a timer nor a wait handle, and a second disposal of the monitor stays harmless.
    private readonly Dictionary<Endpoint, CancellationTokenSource> _watched = [];
    private readonly List<Task> _probing = [];
    private int _started;

    /// <summary>
    /// Probes these endpoints and no others from now on. Those that it probes already go on at their pace, and a probe under
    /// way for one that is gone is given up.
    /// </summary>
    public void Watch(ImmutableArray<Endpoint> endpoints)
    {
        _probing.RemoveAll(probing => probing.IsCompletedSuccessfully);
        foreach (var (gone, stop) in _watched.Where(watched => !endpoints.Contains(watched.Key)).ToArray())
        {
            _watched.Remove(gone);
            stop.Cancel();
        }

        var spread = options.Interval < FirstSpread ? options.Interval : FirstSpread;
        ImmutableArray<Endpoint> added = [.. endpoints.Where(endpoint => !_watched.ContainsKey(endpoint))];
        for (var place = 0; place < added.Length; place++)
        {
            var stop = _watched[added[place]] = new CancellationTokenSource();
            var delay = FirstDelay(added[place], spread * place / added.Length);
            TimeSpan? second = added[place].Health.Active.ProbedAt is null ? SecondInterval((options.Interval - spread) * place / added.Length) : null;
            _probing.Add(WatchAsync(added[place], delay, second, new Random(unchecked(seed + _started++)), stop.Token));
        }
    }

    /// <summary>Stops probing and waits until no probe runs. Verdicts stay.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var stop in _watched.Values)
        {
            await stop.CancelAsync();
        }

        await Task.WhenAll(_probing);
    }

    private TimeSpan FirstDelay(Endpoint endpoint, TimeSpan place)
    {
        if (endpoint.Health.Active.ProbedAt is not { } probedAt)
        {
            return place;
        }

        var due = options.Interval - time.GetElapsedTime(probedAt);
        return due > place ? due : place;
    }

    /// <summary>An interval after which a probe that came in the first moments is later by <paramref name="shift"/>, give or take whole intervals.</summary>
    private TimeSpan SecondInterval(TimeSpan shift) => shift > options.Interval / 2 ? shift : options.Interval + shift;

    private async Task WatchAsync(Endpoint endpoint, TimeSpan delay, TimeSpan? second, Random random, CancellationToken stop)
    {
        while (await ElapsedAsync(delay, stop))
        {
            var start = time.GetTimestamp();
            var answer = await AskAsync(endpoint, stop);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            var interval = second ?? Jittered(random);
            second = null;
            Judge(endpoint, answer, start, interval);
            delay = interval - time.GetElapsedTime(start);
        }
    }

    private async ValueTask<bool> ElapsedAsync(TimeSpan delay, CancellationToken stop)
    {
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return !stop.IsCancellationRequested;
    }

    private async ValueTask<ProbeAnswer> AskAsync(Endpoint endpoint, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            var answer = await probe.AskAsync(endpoint.Address, either.Token);
            return answer.IsLate ? answer with { Reason = $"{answer.Reason} within {Seconds(options.Timeout)}" } : answer;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return new ProbeAnswer(ProbeResult.NoAnswer, $"no answer within {Seconds(options.Timeout)}");
        }
        catch (Exception e)
        {
            // A probe talks to strangers: whatever goes wrong there is an answer about the endpoint, never the end of its watch.
            return new ProbeAnswer(ProbeResult.Error, ScalarNode.Clean(e.Message));
        }
    }

    private void Judge(Endpoint endpoint, ProbeAnswer answer, long start, TimeSpan interval)
    {
        var before = endpoint.Health.Active;
        var (now, took) = (time.GetUtcNow(), time.GetElapsedTime(start));
        var inARow = before.Latest is { } last && last.Passed == (answer.Result == ProbeResult.Passed) ? last.InARow + 1 : 1;
        var after = _thresholds.After(before, answer, now) with
        {
            ProbedAt = start,
            Latest = new LatestProbe(answer.Result, answer.Reason, now - took, took, now - took + interval, inARow),
        };
        endpoint.Health.Count(answer.Result);
        endpoint.Health.Active = after;
        if (after.Verdict != before.Verdict)
        {
            endpoint.Health.Count(after.Verdict == HealthVerdict.Unhealthy ? TransitionKind.Unhealthy : TransitionKind.Healthy);
            changed(endpoint);
        }
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###} s";

    private TimeSpan Jittered(Random random) => options.Interval * (1 + (options.Jitter * ((2 * random.NextDouble()) - 1)));
}
