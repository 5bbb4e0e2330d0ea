using LoadBalancer.Http.Server;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A bandwidth at work, and its callers. Thread-safe, and the same object across reloads while nothing about it has changed.</summary>
internal sealed class Bandwidth
{
    private readonly BandwidthOptions _options;
    private readonly PaceTable? _requests;
    private readonly PaceTable? _responses;

    /// <summary>A bandwidth that nobody uses yet.</summary>
    /// <param name="limit">The limit's name.</param>
    /// <param name="plan">The plan's; empty where it is for all.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="key">Whose bodies are counted together.</param>
    /// <param name="metrics">Where waits are counted.</param>
    /// <param name="time">The clock of durations.</param>
    public Bandwidth(string limit, string plan, BandwidthOptions options, CallerKey key, LimitMetrics metrics, TimeProvider time)
    {
        (Limit, Plan, _options, Key) = (limit, plan, options, key);
        var paces = metrics.PacesOf(limit, plan);
        _requests = options.Request > 0 ? new PaceTable(options.Request, options.BurstAt(options.Request), paces.Requests, time) : null;
        _responses = options.Response > 0 ? new PaceTable(options.Response, options.BurstAt(options.Response), paces.Responses, time) : null;
    }

    /// <summary>The limit's name.</summary>
    public string Limit { get; }

    /// <summary>The plan's name; empty where it is for all.</summary>
    public string Plan { get; }

    /// <summary>Whose bodies are counted together.</summary>
    public CallerKey Key { get; }

    /// <summary>How much, as the file says it: <c>request 1MB/s, response 10MB/s</c>.</summary>
    public string Text => string.Join(", ", new[] { ("request", _options.Request), ("response", _options.Response) }
        // Rule zero: LINQ, because an operator asks.
        .Where(direction => direction.Item2 > 0).Select(direction => $"{direction.Item1} {BandwidthOptions.Print(direction.Item2)}"));

    /// <summary>How many callers are remembered, in the direction that has more of them.</summary>
    public long Callers => Math.Max(_requests?.Count ?? 0, _responses?.Count ?? 0);

    /// <summary>The bodies of an exchange keep to it from here on. In a rehearsal it is only told.</summary>
    /// <param name="exchange">The exchange, on its loop.</param>
    /// <param name="hash">The numbers of callers in this process.</param>
    public void Apply(Exchange exchange, in KeyedHash hash)
    {
        Span<byte> room = stackalloc byte[CallerKey.Room];
        var text = room[..Key.Write(exchange, room, out var missing)];
        var decisions = exchange.Decisions;
        decisions.Note("limit", Limit);
        decisions.Note("plan", Plan.Length > 0 ? Plan : null);
        decisions.Note("key", missing ?? Key.Text);
        Note(exchange, "request_bytes_per_s", _options.Request);
        Note(exchange, "response_bytes_per_s", _options.Response);
        if (exchange.IsRehearsal)
        {
            return;
        }

        var caller = hash.Of(text);
        if (_requests is not null && (exchange.RequestBody is not null || exchange.Request.WantsWebSocket))
        {
            exchange.KeepRequestPace(_requests.Enter(caller));
        }

        if (_responses is not null)
        {
            exchange.KeepResponsePace(_responses.Enter(caller));
        }
    }

    private static void Note(Exchange exchange, string name, long rate)
    {
        if (rate > 0)
        {
            exchange.Decisions.Note(name, rate);
        }
    }
}
