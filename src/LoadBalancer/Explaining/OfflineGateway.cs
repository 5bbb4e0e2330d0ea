using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Explaining;

/// <summary>
/// A configuration's HTTP listeners at work without sockets: built once by the same builders as those that serve, and asked as often as one likes. Nothing is
/// bound, probed, resolved, written or sent. Thread-safe; disposed of by its owner, not on one of its answers' way.
/// </summary>
/// <remarks>Endpoints are taken to be up, as new ones are. Those that a discovery would find are not known. Keys that a provider would load are not there, unless <see cref="Fetches"/> is set.</remarks>
internal sealed class OfflineGateway : IDisposable
{
    private const int StandardHttpsPort = 443;

    private static readonly string ProviderUnavailable = new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable).Reason;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly LoopGroup _loops;
    private readonly LoopLog _lines;
    private readonly TlsTerminationBuilder _terminations;
    private readonly OutboundClient _outbound;
    private readonly ProviderSet _providers;
    private readonly Explainer _explainer;
    private readonly LimitSet _limits;
    private readonly Redaction _redaction;

    private OfflineGateway(GatewayOptions options, LoopGroup loops, LoopLog lines, TlsTerminationBuilder terminations, TlsOutfit tls, TimeProvider time)
    {
        (Options, _loops, _lines, _terminations) = (options, loops, lines, terminations);
        var context = new BuildContext
        {
            Time = time,
            Loops = loops.Loops.Length,

            // The same question has the same answer.
            Seeds = new Random(1),
            Connections = new EpollTransport(loops, ConnectTimeout),
            Tls = tls,
            ParseList = YamlSource.ReadKeyFile,
        };
        _outbound = new OutboundClient(time);

        // Who asks is nobody's client, and cannot guess too often.
        _providers = ProviderSet.Build(options.Auth, options.Consumers, failures: null, previous: null, context, _outbound);
        _limits = LimitSet.Build(options.Plans, options.RateLimits, store: null, previous: null, context);
        _explainer = new Explainer(loops.Loops[0]);
        _redaction = options.Redaction;
        Upstreams = options.Upstreams.ToDictionary(entry => entry.Key, entry => new Upstream(entry.Key, entry.Value, null, context), StringComparer.Ordinal);
        Proxies = BuildProxies(context);
    }

    /// <summary>What was written.</summary>
    public GatewayOptions Options { get; }

    /// <summary>The upstreams by name; none runs.</summary>
    public IReadOnlyDictionary<string, Upstream> Upstreams { get; }

    /// <summary>The HTTP listeners by name.</summary>
    public IReadOnlyDictionary<string, HttpProxy> Proxies { get; }

    /// <summary>Builds it.</summary>
    /// <exception cref="IOException">A certificate or key is no use; the message says which, and why.</exception>
    public static OfflineGateway Build(GatewayOptions options, TimeProvider time)
    {
        var loops = new LoopGroup(1, time, static (_, error) => throw error, static _ => { });
        var lines = new LoopLog(1, LogDestination.Off, time, LogSink.Silent);
        var tls = new TlsOutfit(TlsEngines.Best(), new HandshakePaces(loops.Loops, time));
        var terminations = new TlsTerminationBuilder(tls.Engine, tls.Paces, time);
        try
        {
            return new OfflineGateway(options, loops, lines, terminations, tls, time);
        }
        catch
        {
            terminations.Dispose();
            lines.Dispose();
            loops.Dispose();
            throw;
        }
    }

    /// <summary>True where providers may ask whom they would ask over the network, such as an issuer for its keys.</summary>
    public bool Fetches { get; set; }

    /// <summary>Explains one request.</summary>
    /// <exception cref="QuestionException">The question is none.</exception>
    public async Task<Explanation> ExplainAsync(Question question)
    {
        List<string> assumed = [];
        var name = ListenerChoice.Find(question, Options.Listeners, assumed);
        var request = question.ToRequest(ListenerChoice.LocalOf(Options.Listeners[name], Question.ReadUrl(question.Url)));
        var explanation = await _explainer.ExplainAsync(Proxies[name], request, new Rehearsal { Identity = question.ToIdentity(Options.Auth), IsOffline = true, MayAsk = Fetches }, _redaction);
        if (explanation.Upstream is not null)
        {
            assumed.Add("every endpoint is taken to be up: this is the file, and not an lb that runs");
        }

        if (explanation.Policies.Any(policy => policy is { Policy: "rate_limit", Verdict: "allowed" }))
        {
            assumed.Add("nobody has used anything of a limit yet: this is the file, and not an lb that runs");
        }

        if (explanation.Policies.Any(policy => policy is { Policy: "cache", Verdict: "allowed" }))
        {
            assumed.Add("no answer is kept yet: this is the file, and not an lb that runs");
        }

        if (explanation.Answer.Code == ProviderUnavailable && !Fetches)
        {
            assumed.Add("nothing is asked over the network, so this is the answer of an lb that has never had the issuer's keys: --fetch lets providers ask, --identity says who calls");
        }

        return explanation with { Assumed = [.. assumed, .. Assumptions.Of(question)] };
    }

    /// <summary>The route of a listener that has a request; null for none, and where there is no such listener.</summary>
    public Route? RouteOf(string listener, RequestExample example) =>
        Proxies.TryGetValue(listener, out var proxy) ? _explainer.RouteOf(proxy, example.ToRequest(proxy.Tls is not null)) : null;

    /// <summary>What leads requests of a log through its limits. For one thread; while it is used nothing else is asked.</summary>
    public LimitReplay Replay() => new(_loops.Loops[0]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminations.Dispose();
        _lines.Dispose();
        _loops.Dispose();
    }

    private static int PortOf(ListenerOptions options) =>
        options.Bind.Select(address => (address as IPEndPoint)?.Port ?? 0).FirstOrDefault(port => port > 0, StandardHttpsPort);

    private Dictionary<string, HttpProxy> BuildProxies(BuildContext context)
    {
        var builder = new HttpProxyBuilder
        {
            Engine = new HttpEngine(_loops.Loops),
            Context = context,
            AccessLog = new AccessLog(_lines, context.Time),
            Log = new ConnectionLog(_lines, context.Time),
            IsReady = static () => true,
            Cache = Options.KeepAnswers ? new CacheStore(CacheStore.LeastBytes, context.Seeds) : null,
        };
        var serving = Options.Listeners.Where(listener => listener.Value.Http is not null).ToDictionary(
            listener => listener.Key,
            listener => listener.Value.Tls is { } asked
                ? _terminations.Build(listener.Key, asked, HttpProxyBuilder.ProtocolsOf(listener.Value.Http!), PlainHttpAnswer.Bytes, null)
                : null,
            StringComparer.Ordinal);
        ValueList<HttpsListener> https = [.. serving.Where(listener => listener.Value is not null).Select(listener => new HttpsListener(listener.Value!, PortOf(Options.Listeners[listener.Key])))];
        return serving.ToDictionary(
            listener => listener.Key,
            listener => builder.Build(
                listener.Key, Options.Listeners[listener.Key].Http!, Upstreams, null, ConnectionPolicyCatalog.Build(Options.Listeners[listener.Key].ConnectionPolicies, null, context),
                new ConnectionTable(_loops.Loops, static () => { }), new ListenerMetrics(listener.Key, context.Loops), listener.Value, _providers, _limits, https),
            StringComparer.Ordinal);
    }
}
