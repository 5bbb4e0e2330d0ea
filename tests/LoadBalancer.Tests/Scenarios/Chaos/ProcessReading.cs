using System.Globalization;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>What the metrics of a process say that it has. One that is at rest has as much as it had at rest before; what is more was left behind.</summary>
/// <param name="metrics">A page of /metrics.</param>
internal sealed class ProcessReading(string metrics)
{
    /// <summary>Gauges of what is under way: 0 at rest. A page that lacks one of them, because it has another name by now, shows nothing.</summary>
    private static readonly string[] UnderWay =
    [
        "lb_listener_active_connections", "lb_tls_active_handshakes", "lb_http_active_requests", "lb_upstream_pending_connections", "lb_upstream_concurrency",
        "lb_upstream_pool_connections", "lb_endpoint_active_connections", "lb_upstream_panic", "lb_loop_retry_body_bytes",
    ];

    /// <summary>Gauges that are 1 where all is well.</summary>
    private static readonly string[] Well = ["lb_endpoint_available", "lb_ready"];

    private static readonly string[] Amounts =
        ["lb_loop_sockets", "process_open_fds", "process_threads", "dotnet_threadpool_threads", "process_resident_memory_bytes", "dotnet_gc_generation_bytes", "dotnet_gc_collections_total"];

    private readonly string[] _lines = metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Collections of the oldest generation so far.</summary>
    public double FullCollections => Sum("dotnet_gc_collections_total", "generation=\"2\"");

    /// <summary>Series that say that it is not at rest, and names that the page lacks.</summary>
    public IReadOnlyList<string> Unrest =>
    [
        .. UnderWay.Concat(Well).Concat(Amounts).Where(name => !Of(name).Any()).Select(name => $"{name} is missing"),
        .. UnderWay.SelectMany(Of).Where(line => Value(line) != 0),
        .. Well.SelectMany(Of).Where(line => Value(line) != 1),
    ];

    /// <summary>What it has more than <paramref name="before"/>, of the same process at rest, each after a full collection.</summary>
    public IReadOnlyList<string> More(ProcessReading before)
    {
        var complaints = new List<string>(Unrest);
        complaints.AddRange(UnderWay.Concat(Well).SelectMany(Of).Select(Series).Except(before._lines.Select(Series)).Select(series => $"{series} was not there before"));

        // Each is a number of things; the kernel's pipes stay with their loop, two descriptors each, as many as were in use at once.
        Compare("sockets of loops", reading => reading.Sum("lb_loop_sockets"), 0);
        Compare("descriptors", reading => reading.Sum("process_open_fds"), 8);
        Compare("threads", reading => reading.Sum("process_threads") - reading.Sum("dotnet_threadpool_threads"), 2);

        // Each loop keeps up to 7 MiB of blocks for the next connections, as many as were in use at once; what the libraries keep, and code that was compiled
        // meanwhile, is in the other.
        Compare("MiB of the managed heap", reading => reading.Sum("dotnet_gc_generation_bytes") / 1_048_576, 2 + (7 * Of("lb_loop_sockets").Count()));
        Compare("MiB in RAM", reading => reading.Sum("process_resident_memory_bytes") / 1_048_576, 40);
        return complaints;

        void Compare(string what, Func<ProcessReading, double> amount, double slack)
        {
            var (had, has) = (amount(before), amount(this));
            if (has > had + slack)
            {
                complaints.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {has:0.#} after {had:0.#}"));
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Sum("lb_loop_sockets")} sockets, {Sum("process_open_fds")} descriptors, {Sum("process_threads")} threads ({Sum("dotnet_threadpool_threads")} of the pool), {Sum("dotnet_gc_generation_bytes") / 1_048_576:0.0} MiB of heap, {Sum("process_resident_memory_bytes") / 1_048_576:0} MiB in RAM");

    private static double Value(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    private static string Series(string line) => line[..Math.Max(0, line.LastIndexOf(' '))];

    private IEnumerable<string> Of(string name) => _lines.Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{');

    private double Sum(string name, string label = "") => Of(name).Where(line => line.Contains(label, StringComparison.Ordinal)).Sum(Value);
}
