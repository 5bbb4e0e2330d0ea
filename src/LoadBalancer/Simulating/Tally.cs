using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Simulating;

/// <summary>Sums up what limits say to one request after the other. Bounded: of callers that come when there are too many, only the sums are kept. One thread.</summary>
internal sealed class Tally
{
    /// <summary>How many callers are told apart, each at each limit.</summary>
    public const int MostCallers = 200_000;

    /// <summary>How many of them are named.</summary>
    public const int MostNamed = 20;

    private readonly Dictionary<(string Limit, string? Plan), LimitCount> _limits = [];
    private readonly Dictionary<(string Limit, string? Plan, string Caller), CallerCount> _callers = [];
    private readonly Dictionary<(string Listener, string Route), RouteForecast> _routes = [];
    private readonly long[] _outcomes = new long[Enum.GetValues<ReplayOutcome>().Length];
    private DateTimeOffset? _firstLimited;

    /// <summary>True where there were more callers than are told apart.</summary>
    public bool IsFull => _callers.Count >= MostCallers;

    /// <summary>The requests that ended so.</summary>
    public long Of(ReplayOutcome outcome) => _outcomes[(int)outcome];

    /// <summary>When a limit refused first; null for never.</summary>
    public DateTimeOffset? FirstLimited => _firstLimited;

    /// <summary>The limits, by their names.</summary>
    public IReadOnlyList<LimitForecast> Limits => [.. _limits.Values.Select(count => count.Sum).OrderBy(sum => sum.Limit, StringComparer.Ordinal).ThenBy(sum => sum.Plan, StringComparer.Ordinal)];

    /// <summary>The callers that were refused most.</summary>
    public IReadOnlyList<CallerForecast> Callers =>
        [.. _callers.Values.Select(count => count.Sum).Where(sum => sum.Refused > 0).OrderByDescending(sum => sum.Refused).ThenBy(sum => sum.Caller, StringComparer.Ordinal).Take(MostNamed)];

    /// <summary>The routes, the busiest first.</summary>
    public IReadOnlyList<RouteForecast> Routes =>
        [.. _routes.Values.OrderByDescending(route => route.Requests).ThenBy(route => route.Listener, StringComparer.Ordinal).ThenBy(route => route.Route, StringComparer.Ordinal)];

    /// <summary>Counts a request.</summary>
    /// <param name="now">When it came.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="listener">Its listener.</param>
    /// <param name="exchange">It, with what the policies have decided; null where it was not put to any.</param>
    public void Count(DateTimeOffset now, ReplayOutcome outcome, string listener, Exchange? exchange)
    {
        _outcomes[(int)outcome]++;
        if (outcome == ReplayOutcome.Limited)
        {
            _firstLimited ??= now;
        }

        if (exchange?.Route is not { } route)
        {
            return;
        }

        var sum = GetOrAdd(_routes, (listener, route.Name), static ((string Listener, string Route) key) => new RouteForecast(key.Listener, key.Route));
        sum.Requests++;
        sum.Limited += outcome == ReplayOutcome.Limited ? 1 : 0;
        foreach (ref readonly var decision in exchange.Decisions.Decisions)
        {
            if (decision.Policy == "rate_limit")
            {
                Count(now, exchange, decision);
            }
        }
    }

    // A limit's facts begin with its name; the last one that is named is the one that refused.
    private void Count(DateTimeOffset now, Exchange exchange, in Decision decision)
    {
        string? limit = null, plan = null, key = null;
        foreach (ref readonly var fact in exchange.Decisions.FactsOf(decision))
        {
            switch (fact.Name)
            {
                case "limit":
                    Add(isRefusal: false);
                    (limit, plan, key) = (fact.Text, null, null);
                    break;

                case "plan":
                    plan = fact.Text;
                    break;

                case "key":
                    key = fact.Text;
                    break;
            }
        }

        Add(decision.Outcome.Verdict is PolicyVerdict.Refused or PolicyVerdict.WouldRefuse);

        void Add(bool isRefusal)
        {
            if (limit is not null)
            {
                Count(now, limit, plan, CallerOf(exchange, key), exchange.Route!.Name, isRefusal);
            }
        }
    }

    private void Count(DateTimeOffset now, string limit, string? plan, string caller, string route, bool isRefusal)
    {
        var of = GetOrAdd(_limits, (limit, plan), static ((string Limit, string? Plan) key) => new LimitCount(new LimitForecast(key.Limit, key.Plan)));
        of.Sum.Passed += isRefusal ? 0 : 1;
        of.Sum.Refused += isRefusal ? 1 : 0;
        of.Sum.PeakPerSecond = Math.Max(of.Sum.PeakPerSecond, of.Second.Add(now, TimeSpan.TicksPerSecond));
        if (isRefusal)
        {
            of.Sum.FirstRefused ??= now;
        }

        if (!_callers.TryGetValue((limit, plan, caller), out var one))
        {
            if (IsFull)
            {
                return;
            }

            _callers[(limit, plan, caller)] = one = new CallerCount(new CallerForecast(caller, limit, plan));
        }

        one.Sum.Requests++;
        one.Sum.PeakPerMinute = Math.Max(one.Sum.PeakPerMinute, one.Minute.Add(now, TimeSpan.TicksPerMinute));
        of.Sum.CallerPeakPerMinute = Math.Max(of.Sum.CallerPeakPerMinute, one.Sum.PeakPerMinute);
        if (isRefusal)
        {
            one.Sum.Refused++;
            (one.Sum.FirstRefused, one.Sum.Route) = (one.Sum.FirstRefused ?? now, one.Sum.Route ?? route);
        }
    }

    // What is counted by nobody's identity is counted by an address, or together.
    private static string CallerOf(Exchange exchange, string? key) =>
        key == "route" ? "(all of the route)"
        : exchange.Identity is { } identity && (key is null || key.StartsWith("identity", StringComparison.Ordinal)) ? $"{identity.Subject} ({identity.Provider})"
        : exchange.ClientAddress?.ToString() ?? "(Unix socket)";

    private static TValue GetOrAdd<TKey, TValue>(Dictionary<TKey, TValue> all, TKey key, Func<TKey, TValue> make)
        where TKey : notnull => all.TryGetValue(key, out var found) ? found : all[key] = make(key);

    /// <summary>Counts within one span of the clock after the other.</summary>
    private struct ClockCount
    {
        private long _span;
        private long _count;

        public long Add(DateTimeOffset now, long ticks)
        {
            var span = now.UtcTicks / ticks;
            (_span, _count) = (span, span == _span ? _count + 1 : 1);
            return _count;
        }
    }

    private sealed class LimitCount(LimitForecast sum)
    {
        public ClockCount Second;

        public LimitForecast Sum => sum;
    }

    private sealed class CallerCount(CallerForecast sum)
    {
        public ClockCount Minute;

        public CallerForecast Sum => sum;
    }
}
