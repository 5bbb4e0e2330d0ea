using System.Collections.Concurrent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// What one HTTP listener has counted of its requests since the process started. It belongs to the listener's name and outlives reloads.
/// Its series come from the file's names alone: whatever clients ask for adds none.
/// </summary>
/// <remarks>
/// <see cref="Begin"/> and <see cref="End(Exchange, TimeSpan)"/> are called on the thread of a loop; they take no lock and allocate nothing. All else is
/// thread-safe.
/// </remarks>
internal sealed class HttpMetrics
{
    private const int BegunSlot = 0;
    private const int EndedSlot = 1;

    private static readonly int Kinds = Enum.GetValues<FaultKind>().Length;
    private static readonly int Sides = Enum.GetValues<FaultSide>().Length;

    private readonly int _loops;
    private readonly StripedCells _counts;
    private readonly StripedCells _faults;
    private readonly ConcurrentDictionary<string, RouteMetrics> _routes = new(StringComparer.Ordinal);

    /// <summary>Zeroes for <paramref name="loops"/>.</summary>
    public HttpMetrics(int loops)
    {
        _loops = loops;
        _counts = new StripedCells(loops, EndedSlot + 1);
        _faults = new StripedCells(loops, Sides * Kinds);
        Unrouted = new RouteMetrics("", loops);
    }

    /// <summary>Requests that no route took: their heads were refused, or nothing has their host, path or method.</summary>
    public RouteMetrics Unrouted { get; }

    /// <summary>Requests that are being answered.</summary>
    public long Active
    {
        get
        {
            // Read first: a request that begins and ends between the two reads must not make the difference negative.
            var ended = _counts.Sum(EndedSlot);
            return _counts.Sum(BegunSlot) - ended;
        }
    }

    /// <summary>Requests that ended by this fault.</summary>
    public long FaultsOf(FaultSide side, FaultKind kind) => _faults.Sum(((int)side * Kinds) + (int)kind);

    /// <summary>Where a route counts; the same for the same name, from one configuration to the next.</summary>
    public RouteMetrics Of(string route) => _routes.GetOrAdd(route, static (name, loops) => new RouteMetrics(name, loops), _loops);

    /// <summary>Counts an exchange whose head is there, or was refused. <see cref="End(Exchange, TimeSpan)"/> follows once.</summary>
    public void Begin(int loop) => _counts.Add(loop, BegunSlot);

    /// <summary>Counts the end of an exchange, of which nothing is forgotten yet.</summary>
    /// <param name="exchange">The exchange, on its loop.</param>
    /// <param name="total">From the first byte of its head to the end of its response.</param>
    public void End(Exchange exchange, TimeSpan total)
    {
        var loop = exchange.Loop.Index;
        Ended(loop, exchange.Fault);
        var route = exchange.Route?.Metrics ?? Unrouted;
        route.Ended(loop, ExchangeStatus.Of(exchange), exchange.ReceivedBytes, exchange.SentBytes, total);
        if (exchange.GrpcStatus is { } status)
        {
            route.Called(loop, status);
        }
    }

    /// <summary>Counts the end of an exchange and its fault, without what its route counts.</summary>
    internal void Ended(int loop, Fault fault)
    {
        _counts.Add(loop, EndedSlot);
        if (fault.Failed)
        {
            _faults.Add(loop, ((int)fault.Side * Kinds) + (int)fault.Kind);
        }
    }
}
