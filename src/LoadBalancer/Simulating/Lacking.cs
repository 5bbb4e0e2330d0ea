using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Simulating;

/// <summary>What a log does not say that a configuration's limits want to know. A limit that it cannot decide is taken out, and told of; nothing is guessed. One thread.</summary>
internal sealed class Lacking
{
    private const string SubjectClaim = "sub";

    private readonly Dictionary<string, long> _unknownLimits = new(StringComparer.Ordinal);
    private readonly Dictionary<RouteOptions, string[]> _unknownOn = new(ReferenceEqualityComparer.Instance);
    private readonly SortedDictionary<string, long> _listeners = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _callers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _anonymous = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private readonly ValueMap<RateLimitOptions> _limits;
    private long _templates;
    private long _paths;
    private long _plans;
    private long _late;
    private bool _hasQuery;

    /// <summary>Looks at a configuration.</summary>
    public Lacking(GatewayOptions options)
    {
        _limits = options.RateLimits;
        foreach (var (name, _) in options.RateLimits.Where(limit => limit.Value.Key.Any(source => !IsLogged(source))))
        {
            _unknownLimits.Add(name, 0);
        }

        Options = options with { Listeners = new ValueMap<ListenerOptions>(options.Listeners.Select(entry => KeyValuePair.Create(entry.Key, WithoutUnknown(entry.Value)))) };
    }

    /// <summary>The configuration without the limits that no log can decide.</summary>
    public GatewayOptions Options { get; }

    /// <summary>What there is to say, a sentence each.</summary>
    public IReadOnlyList<string> Sentences =>
    [
        .. _unknownLimits.Where(limit => limit.Value > 0).Select(limit => FormattableString.Invariant(
            $"the limit '{limit.Key}' was not asked for {limit.Value} requests: its key is {string.Join(", ", _limits[limit.Key].Key)}, and the log has {string.Join(" and ", _limits[limit.Key].Key.Where(source => !IsLogged(source)).Select(source => $"no {source}"))}")),
        .. _callers.Select(route => FormattableString.Invariant(
            $"who called is not in the lines of {route.Value} requests to '{route.Key}', which wants somebody ('auth'): the limits that ask for that were not asked")),
        .. _anonymous.Select(route => FormattableString.Invariant(
            $"who called is not in the lines of {route.Value} requests to '{route.Key}', where 'auth' is optional: they were taken as anonymous")),
        .. _plans > 0 ? [FormattableString.Invariant($"the plan is not in the lines of {_plans} requests, which an earlier lb has written: it was taken from 'consumers', else as none")] : Array.Empty<string>(),
        .. _templates > 0 ? [FormattableString.Invariant($"the path is not in the lines of {_templates} requests, which were led by the path of their route: with log: {{fields: [raw_path]}} it is")] : Array.Empty<string>(),
        .. _paths > 0 ? [FormattableString.Invariant($"{_paths} requests had no route, and no path is in their lines: they may have one now")] : Array.Empty<string>(),
        .. _listeners.Select(listener => FormattableString.Invariant($"the listener '{listener.Key}' of {listener.Value} requests is none of this configuration's, or no HTTP listener")),
        .. Conditions(),
        .. _late > 0 ? [FormattableString.Invariant($"{_late} requests began more than {Simulator.Window.TotalSeconds:0} s before what the log had before them, as long ones do, or lines out of order: they were counted later than they came")] : Array.Empty<string>(),
        .. _notes,
    ];

    /// <summary>Notes something else.</summary>
    public void Note(string sentence) => _notes.Add(sentence);

    /// <summary>A request is of a listener that the configuration does not have.</summary>
    public void NoListener(string listener) => _listeners[listener] = _listeners.GetValueOrDefault(listener) + 1;

    /// <summary>A request is counted at a later time than its own: the clock was past it.</summary>
    public void NoTime() => _late++;

    /// <summary>A request cannot be led, as its line has no path.</summary>
    public void NoPath(LoggedRequest request) => _paths += request.Method is null ? 0 : 1;

    /// <summary>Looks at what became of a request.</summary>
    public void Look(LoggedRequest request, ReplayOutcome outcome, Exchange exchange)
    {
        _hasQuery |= request.Query is not null;
        _templates += request.RawPath is null ? 1 : 0;
        if (exchange.Route is not { } route)
        {
            return;
        }

        _plans += exchange.Identity is not null && !request.TellsPlan ? 1 : 0;
        if (outcome == ReplayOutcome.Undecided)
        {
            _callers[route.Name] = _callers.GetValueOrDefault(route.Name) + 1;
        }
        else if (exchange.Identity is null && outcome != ReplayOutcome.Refused && route.Policies.Options is { Auth.Optional: true })
        {
            _anonymous[route.Name] = _anonymous.GetValueOrDefault(route.Name) + 1;
        }

        if (_unknownOn.Count > 0 && outcome != ReplayOutcome.Refused && _unknownOn.TryGetValue(route.Options, out var limits))
        {
            foreach (var limit in limits)
            {
                _unknownLimits[limit]++;
            }
        }
    }

    private static bool IsLogged(LimitKeySource source) => source.Type switch
    {
        LimitKeySourceType.Header => false,
        LimitKeySourceType.Claim => source.Name == SubjectClaim,
        _ => true,
    };

    private ListenerOptions WithoutUnknown(ListenerOptions listener) => listener.Http is not { } http || _unknownLimits.Count == 0 ? listener : listener with
    {
        Http = http with { Upstream = null, Routes = [.. http.AllRoutes.Select(WithoutUnknown)] },
    };

    private RouteOptions WithoutUnknown(RouteOptions route)
    {
        string[] unknown = [.. route.Policies.RateLimit.Where(_unknownLimits.ContainsKey).Distinct(StringComparer.Ordinal)];
        if (unknown.Length == 0)
        {
            return route;
        }

        var without = route with { Policies = route.Policies with { RateLimit = [.. route.Policies.RateLimit.Where(name => !_unknownLimits.ContainsKey(name))] } };
        _unknownOn.Add(without, unknown);
        return without;
    }

    private IEnumerable<string> Conditions() =>
        from listener in Options.Listeners.Values
        from route in listener.Http?.AllRoutes ?? []
        where route.Headers.Count > 0 || (route.Query.Count > 0 && !_hasQuery)
        let what = route.Headers.Count > 0 ? "header fields, which no log has" : "the query, which the log does not have (log: {fields: [query]})"
        select $"a route of {route.Path ?? route.PathRegex ?? "every path"} has conditions on {what}: its requests were led to other routes, or to none";
}
