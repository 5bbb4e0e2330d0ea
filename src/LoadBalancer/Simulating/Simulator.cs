using System.Net;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Simulating;

/// <summary>
/// Replays a log through the routes and limits of a configuration, with the log's times: the very objects that would serve, and a clock that stands at the line
/// that is read. Limits that instances share count as those of one. One thread.
/// </summary>
/// <remarks>
/// A line is written when its request ends. So lines wait until everything that may have begun before them was read, <see cref="Window"/> of the log's time, and go in the
/// order of their beginnings; a request that took longer comes late, and so does a line that is out of order. Where that is most of the log, its answer would be
/// none, and it is refused. Bounded in memory, whatever the log's length.
/// </remarks>
internal sealed class Simulator
{
    /// <summary>How long a line waits for those that began before.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private const int MostWaiting = 100_000;
    private const int MostUnderWay = 10_000;
    private const int MostIdentities = 100_000;

    private readonly OfflineGateway _gateway;
    private readonly LogClock _clock;
    private readonly LimitReplay _replay;
    private readonly Tally _tally = new();
    private readonly Lacking _lacking;
    private readonly PriorityQueue<LoggedRequest, (DateTimeOffset Began, long Line)> _waiting = new();
    private readonly PriorityQueue<Exchange, DateTimeOffset> _underWay = new();
    private readonly Dictionary<(string Provider, string Subject, string? Plan), Identity> _identities = [];
    private readonly Dictionary<string, string?> _paths = new(StringComparer.Ordinal);
    private DateTimeOffset? _from;
    private DateTimeOffset _written;
    private long _lines;
    private long _unordered;

    private Simulator(OfflineGateway gateway, Lacking lacking, LogClock clock) => (_gateway, _lacking, _clock, _replay) = (gateway, lacking, clock, gateway.Replay());

    /// <summary>Replays a log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="options">The configuration.</param>
    /// <param name="from">What began earlier is left out; null for nothing.</param>
    /// <param name="to">What began then or later is left out; null for nothing.</param>
    /// <returns>What would have happened; null where the log has no request of that time.</returns>
    /// <exception cref="IOException">The log cannot be read, or is in no order, or the configuration is no use.</exception>
    public static Simulation? Run(AccessLogFile log, GatewayOptions options, DateTimeOffset? from, DateTimeOffset? to)
    {
        Simulator? simulator = null;
        OfflineGateway? gateway = null;
        try
        {
            foreach (var request in log.Read().Where(request => (from is null || request.Began >= from) && (to is null || request.Began < to)))
            {
                if (simulator is null)
                {
                    // From the beginning of the first that waits.
                    var clock = new LogClock(request.Began - Window);
                    var lacking = new Lacking(options);
                    gateway = OfflineGateway.Build(lacking.Options, clock);
                    simulator = new Simulator(gateway, lacking, clock) { _written = request.Ended };
                }

                simulator.Add(request);
            }

            return simulator?.End(log);
        }
        finally
        {
            gateway?.Dispose();
        }
    }

    private void Add(LoggedRequest request)
    {
        _waiting.Enqueue(request, (request.Began, _lines++));
        if (request.Ended < _written - Window)
        {
            _unordered++;
        }
        else if (request.Ended > _written)
        {
            _written = request.Ended;
        }

        var settled = request.Ended - Window;
        while (_waiting.Count > MostWaiting || (_waiting.TryPeek(out _, out var first) && first.Began < settled))
        {
            Put(_waiting.Dequeue());
        }
    }

    private Simulation End(AccessLogFile log)
    {
        if (_unordered * 2 > _lines)
        {
            throw new IOException(FormattableString.Invariant(
                $"{log.Path}: {_unordered} of {_lines} requests were written more than {Window.TotalSeconds:0} s before one above them, the last of all at {_written.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}: sort the lines by time, or leave out those of a wrong clock by --from and --to"));
        }

        while (_waiting.TryDequeue(out var request, out _))
        {
            Put(request);
        }

        if (_tally.IsFull)
        {
            _lacking.Note($"more than {Tally.MostCallers} callers came to limits: of those that came later only the sums are told");
        }

        return new Simulation
        {
            Requests = Enum.GetValues<ReplayOutcome>().Sum(_tally.Of),
            From = _from,
            To = _clock.GetUtcNow(),
            Passed = _tally.Of(ReplayOutcome.Passed),
            Limited = _tally.Of(ReplayOutcome.Limited),
            FirstLimited = _tally.FirstLimited,
            Refused = _tally.Of(ReplayOutcome.Refused),
            Unrouted = _tally.Of(ReplayOutcome.Unrouted),
            Undecided = _tally.Of(ReplayOutcome.Undecided),
            NoJson = log.NoJson,
            NoRequests = log.NoRequests,
            Limits = _tally.Limits,
            Callers = _tally.Callers,
            Routes = _tally.Routes,
            Lacking = _lacking.Sentences,
        };
    }

    private void Put(LoggedRequest request)
    {
        _clock.MoveTo(request.Began);
        var now = _clock.GetUtcNow();
        if (request.Began < now - Window)
        {
            _lacking.NoTime();
        }

        _from ??= now;
        while (_underWay.TryPeek(out _, out var ends) && (ends <= now || _underWay.Count >= MostUnderWay))
        {
            _replay.End(_underWay.Dequeue());
        }

        if (!_gateway.Proxies.TryGetValue(request.Listener, out var proxy))
        {
            _lacking.NoListener(request.Listener);
            _tally.Count(now, ReplayOutcome.Unrouted, request.Listener, null);
            return;
        }

        if (request.Method is null || PathOf(request) is not { } path)
        {
            // Its head was no good, or no route took it and the log has no path.
            _lacking.NoPath(request);
            _tally.Count(now, ReplayOutcome.Unrouted, request.Listener, null);
            return;
        }

        var client = IPAddress.TryParse(request.Client, out var address) ? address : null;
        var replayed = new ReplayedRequest(
            request.Method, request.Host ?? "", request.Query is null ? path : $"{path}?{request.Query}", client, IdentityOf(request), request.WasRefusedByAuth);
        var outcome = _replay.Begin(proxy, replayed, out var exchange);
        _lacking.Look(request, outcome, exchange);
        _tally.Count(now, outcome, request.Listener, exchange);
        if (request.Ended > now)
        {
            _underWay.Enqueue(exchange, request.Ended);
        }
        else
        {
            _replay.End(exchange);
        }
    }

    /// <summary>The path as it was sent; where the log does not have it, one that the route's path means.</summary>
    private string? PathOf(LoggedRequest request)
    {
        if (request.RawPath is not null || request.Template is not { } template)
        {
            return request.RawPath;
        }

        if (!_paths.TryGetValue(template, out var path))
        {
            // A regular expression is not always one that an example is found for.
            var route = template.StartsWith('/') ? new RouteOptions { Path = template } : new RouteOptions { PathRegex = template };
            _paths[template] = path = RouteExamples.Of(route).FirstOrDefault()?.Path;
        }

        return path;
    }

    // Of whom the file itself knows the plan, it is the file's: that may be what is tried.
    private Identity? IdentityOf(LoggedRequest request)
    {
        if (request is not { Subject: { } subject, Provider: { } provider })
        {
            return null;
        }

        var options = _gateway.Options;
        var plan = options.Consumers.GetValueOrDefault(subject) is { } consumer && options.Auth.GetValueOrDefault(provider)?.ApiKey is not null ? consumer.Plan : request.Plan;
        if (!_identities.TryGetValue((provider, subject, plan), out var identity))
        {
            if (_identities.Count >= MostIdentities)
            {
                _identities.Clear();
            }

            identity = _identities[(provider, subject, plan)] = new Identity { Provider = provider, Subject = subject, Plan = plan };
        }

        return identity;
    }
}
