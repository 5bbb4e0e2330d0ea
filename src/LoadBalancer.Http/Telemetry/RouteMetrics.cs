using System.Collections.Concurrent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// What one route of one listener has counted since the process started. It belongs to the two names and outlives reloads, so that no
/// counter falls.
/// </summary>
/// <remarks><see cref="Ended"/> is called on the thread of the loop that it names; it takes no lock and allocates nothing. Read from any thread.</remarks>
/// <param name="route">The route's name; empty for requests that no route took.</param>
/// <param name="loops">How many loops count.</param>
internal sealed class RouteMetrics(string route, int loops)
{
    private const int ReceivedSlot = 0;
    private const int SentSlot = 1;
    private const int FirstClassSlot = 2;

    private readonly StripedCells _counts = new(loops, FirstClassSlot + StatusClass.Names.Count);
    private readonly LatencyHistogram _durations = new(loops, LatencyBounds.Exchange);
    private StripedCells? _cached;
    private StripedCells? _calls;
    private RouteOutcomes? _outcomes;
    private long _comparedSince = long.MaxValue;
    private readonly ConcurrentDictionary<PolicyRefusal, StripedCells> _refusals = new();

    /// <summary>The route's name; empty for requests that no route took.</summary>
    public string Route { get; } = route;

    /// <summary>Requests that have ended.</summary>
    // Rule zero: LINQ, because an operator asks.
    public long Requests => Enumerable.Range(0, StatusClass.Names.Count).Sum(RequestsOf);

    /// <summary>Bytes of requests' bodies that were read.</summary>
    public long ReceivedBytes => _counts.Sum(ReceivedSlot);

    /// <summary>Bytes of responses' bodies that were written.</summary>
    public long SentBytes => _counts.Sum(SentSlot);

    /// <summary>From the first byte of a request's head to the end of its response.</summary>
    public LatencySnapshot Durations => _durations.Read();

    /// <summary>Requests that ended with a status of one class, by its index in <see cref="StatusClass.Names"/>.</summary>
    public long RequestsOf(int statusClass) => _counts.Sum(FirstClassSlot + statusClass);

    /// <summary>
    /// Requests that began at this timestamp or later count in <see cref="Outcomes"/> too; <see cref="long.MaxValue"/>, as at first, where nobody compares
    /// requests with those before. Whoever compares raises it when another configuration begins: what began before says nothing of that.
    /// </summary>
    public long ComparedSince
    {
        get => Volatile.Read(ref _comparedSince);
        set => Volatile.Write(ref _comparedSince, value);
    }

    /// <summary>How those requests ended; null where there was none.</summary>
    public RouteOutcomes? Outcomes => Volatile.Read(ref _outcomes);

    /// <summary>What its policies have refused, or would have: how often each did for each reason. As many as there are policies and reasons, whatever clients send.</summary>
    // Rule zero: LINQ, because an operator asks.
    public IEnumerable<(PolicyRefusal Refusal, long Count)> PolicyRefusals => _refusals.Select(entry => (entry.Key, entry.Value.Sum(0)));

    /// <summary>True where it has to do with the cache.</summary>
    public bool HasCache => Volatile.Read(ref _cached) is not null;

    /// <summary>Bytes of bodies that came from memory.</summary>
    public long CachedBytes => Volatile.Read(ref _cached)?.Sum(CacheResults.Names.Length) ?? 0;

    /// <summary>Requests by what they got of the cache, by its index in <see cref="CacheResults.Names"/>.</summary>
    public long RequestsCached(int result) => Volatile.Read(ref _cached)?.Sum(result) ?? 0;

    /// <summary>Calls of gRPC by the status that they ended with; a status without a name is counted as the one behind the last named.</summary>
    public IEnumerable<(int Status, long Count)> Calls
    {
        get
        {
            for (var status = 0; Volatile.Read(ref _calls) is { } calls && status <= GrpcCall.MostNamed + 1; status++)
            {
                if (calls.Sum(status) is var count and > 0)
                {
                    yield return (status, count);
                }
            }
        }
    }

    /// <summary>Counts a call of gRPC that has ended. A route that has none has no room for that either.</summary>
    /// <param name="loop">The loop of its exchange.</param>
    /// <param name="status">What it ended with.</param>
    public void Called(int loop, int status)
    {
        var calls = Volatile.Read(ref _calls) ?? Interlocked.CompareExchange(ref _calls, new StripedCells(loops, GrpcCall.MostNamed + 2), null) ?? _calls;
        calls.Add(loop, Math.Min(status, GrpcCall.MostNamed + 1));
    }

    /// <summary>Counts what a request got of the cache. A route that has none has no room for that either.</summary>
    /// <param name="loop">The loop of its exchange.</param>
    /// <param name="lookup">What came of looking.</param>
    /// <param name="sent">Bytes of the response's body that were written.</param>
    public void Cached(int loop, CacheLookup lookup, long sent)
    {
        if (lookup.Result is var result and >= 0)
        {
            var counts = Volatile.Read(ref _cached) ?? Interlocked.CompareExchange(ref _cached, new StripedCells(loops, CacheResults.Names.Length + 1), null) ?? _cached;
            counts.Add(loop, result);
            counts.Add(loop, CacheResults.Names.Length, lookup.IsFromMemory ? sent : 0);
        }
    }

    /// <summary>Counts a request that a policy has refused, or would have.</summary>
    /// <param name="loop">The loop of its exchange.</param>
    /// <param name="policy">The policy's word.</param>
    /// <param name="fault">Why; <see cref="Fault.None"/> where it only would have answered itself.</param>
    /// <param name="isShadow">True where it is only watched.</param>
    public void Refused(int loop, string policy, Fault fault, bool isShadow) =>
        _refusals.GetOrAdd(new PolicyRefusal(policy, fault.Kind, isShadow), static (_, count) => new StripedCells(count, 1), loops).Add(loop, 0);

    /// <summary>Counts how a request ended that began after <see cref="ComparedSince"/>. A route without one has no room for that either.</summary>
    /// <param name="loop">The loop of its exchange.</param>
    /// <param name="status">The status that it is judged by.</param>
    /// <param name="took">The time that it is judged by.</param>
    public void Compared(int loop, int status, TimeSpan took) =>
        (Volatile.Read(ref _outcomes) ?? Interlocked.CompareExchange(ref _outcomes, new RouteOutcomes(loops), null) ?? _outcomes).Ended(loop, status, took);

    /// <summary>Counts a request that has ended.</summary>
    public void Ended(int loop, int status, long received, long sent, TimeSpan total)
    {
        _counts.Add(loop, FirstClassSlot + StatusClass.Of(status));
        _counts.Add(loop, ReceivedSlot, received);
        _counts.Add(loop, SentSlot, sent);
        _durations.Record(loop, total);
    }
}
