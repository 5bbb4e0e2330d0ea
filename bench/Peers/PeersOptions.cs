using CommandLine;

namespace LoadBalancer.Peers;

/// <summary>The command line of bench-peers. A value that is not given comes from <see cref="Settings"/>.</summary>
internal sealed class PeersOptions
{
    [Option("rounds", HelpText = "How often every scenario is measured with every contender; default 5, the least for a result.")]
    public int? Rounds { get; set; }

    [Option("max-rounds", HelpText = "Further rounds are made up to this number while a figure has fewer than ten fast pieces; default three times --rounds.")]
    public int? MaxRounds { get; set; }

    [Option("seconds", HelpText = "The length of a window, cut into pieces of 0.25 s; default 4.")]
    public double? Seconds { get; set; }

    [Option("scenario", Separator = ',', HelpText = "Only these: messages, paced, connections, bulk, idle, start, http, http-1024, http-64k, http-connections, http-logged, jwt-new, jwt-cached, limit, jwt-limit, gateway, guarded, cache, cache-64k, http-paced, http-slowloris, routes-paced, routes-reload, http-idle, https, https-64k, https-connections, https-paced, https-half, https-idle, tls, http2, http2-paced, http2-resets, http2-pings, http2-settings, http2-continuations.")]
    public IEnumerable<string> Scenarios { get; set; } = [];

    [Option("contender", Separator = ',', HelpText = "Only these: lb, haproxy, nginx, caddy, yarp, haproxy-again, direct, empty-kestrel.")]
    public IEnumerable<string> Contenders { get; set; } = [];

    [Option("quick", HelpText = "A smoke run of about a minute: it shows that the harness works, its figures mean nothing.")]
    public bool Quick { get; set; }

    [Option("lb", Default = "artifacts/lb", HelpText = "The published lb.")]
    public string Lb { get; set; } = "";

    [Option("proxy-core", HelpText = "The core that every proxy is pinned to; default: the last of those allowed.")]
    public int? ProxyCore { get; set; }

    [Option("load-core", HelpText = "The core of clients and endpoints; default: the first of those allowed.")]
    public int? LoadCore { get; set; }

    [Option("output", Default = "artifacts/bench-peers", HelpText = "Where the report and the raw windows go.")]
    public string Output { get; set; } = "";
}
