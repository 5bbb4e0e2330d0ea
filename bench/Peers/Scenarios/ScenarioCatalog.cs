using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Scenarios;

/// <summary>Every scenario, in the order of a round.</summary>
internal static class ScenarioCatalog
{
    /// <summary>The plainest load, which also warms up what is measured idle.</summary>
    public static readonly TrafficScenario Messages =
        new("messages", "64 connections, 100 bytes there and back, as fast as answers come", "message") { Kind = "exchange", Connections = 64 };

    /// <summary>The same over HTTP.</summary>
    public static readonly TrafficScenario Requests = Http("http", "HTTP/1.1, 64 connections kept alive, answers of 100 bytes");

    /// <summary>The same inside TLS.</summary>
    private static readonly TrafficScenario SecureRequests = Https("https", "HTTP/1.1 inside TLS, 64 connections kept alive, answers of 100 bytes");

    /// <summary>The same with a handshake each.</summary>
    private static readonly TrafficScenario SecureConnections = Https("https-connections", "HTTP/1.1 inside TLS, a full handshake for each request, 64 at once") with
    {
        Kind = "churn",
        HasLatency = true,
    };

    /// <param name="quick">True for a smoke run, which holds fewer idle connections.</param>
    public static IReadOnlyList<Scenario> All(bool quick) =>
    [
        Messages,
        new TrafficScenario("paced", "10,000 messages a second on 64 connections, whether answers come or not", "message")
        {
            Kind = "paced",
            Connections = 64,
            Rate = 10_000,
            HasLatency = true,
        },
        new TrafficScenario("connections", "A new connection for each exchange of 100 bytes, 64 at once", "connection")
        {
            Kind = "churn",
            Connections = 64,
            HasLatency = true,
        },
        new TrafficScenario("bulk", "8 connections that send as much as is taken", "MiB")
        {
            Kind = "bulk",
            Connections = 8,
            ToSink = true,
            CountsPerUnit = 1 << 20,
        },
        Idle("idle", "message", quick) with { WarmUp = Messages },
        new StartScenario("start", "From the start of the process to its first accepted connection", "first connection"),
        Requests,
        Http("http-1024", "HTTP/1.1, 1,024 connections kept alive, answers of 100 bytes") with { Connections = 1024 },
        Http("http-64k", "HTTP/1.1, 64 connections kept alive, answers of 64 KiB") with { Size = 64 * 1024 },
        Http("http-connections", "HTTP/1.1, a new connection for each request, 64 at once, answers of 100 bytes") with { Kind = "churn", HasLatency = true },
        Http("http-logged", "HTTP/1.1, 64 connections kept alive, answers of 100 bytes, each request logged in a file") with { Service = Service.LoggedHttp },
        Http("jwt-new", "HTTP/1.1, 64 connections kept alive, each request with another token of RS256: signature, issuer, audience and times are verified") with
        {
            Service = Service.Jwt,
            Tokens = NewTokens(quick),
        },
        Http("jwt-cached", "The same with 64 tokens in turn") with { Service = Service.Jwt, Tokens = 64 },
        Http("limit", "HTTP/1.1, 64 connections kept alive, answers of 100 bytes, each request counted for its client's address") with { Service = Service.Limit },
        Http("jwt-limit", "As jwt-cached, each request counted for its token's subject") with { Service = Service.JwtLimit, Tokens = 64 },
        Http("gateway", "As jwt-limit, with a role that the route requires, limits by plan, and fields that tell the endpoint who calls") with { Service = Service.Gateway, Tokens = 64, Without = "http" },
        Http("guarded", "HTTP/1.1, 64 connections kept alive, answers of 100 bytes, with retries, a circuit breaker, ejections and adaptive concurrency on and nothing failing") with
        {
            Service = Service.Guarded,
            Without = "http",
        },
        Http("cache", "HTTP/1.1, 64 connections kept alive, 1,000 answers of 1 KiB that are kept") with { Service = Service.Cache, Size = 1024, Addresses = 1000 },
        Http("cache-64k", "The same with 200 answers of 64 KiB") with { Service = Service.Cache, Size = 64 * 1024, Addresses = 200 },
        Paced(Http("http-paced", "HTTP/1.1, 2,000 requests a second on 64 connections, whether answers come or not")),
        Paced(Http("http-slowloris", $"The same beside {SlowHeads(quick):N0} clients that never end their heads, each sending a byte every ten seconds")) with
        {
            Slow = SlowHeads(quick),
            Without = "http-paced",
        },
        Paced(Http("routes-paced", "The same as http-paced among 10,000 routes")) with { Service = Service.Routes },
        Paced(Http("routes-reload", "The same while the file with 10,000 routes is loaded anew every two seconds, each time with another route")) with
        {
            Service = Service.Routes,
            ReloadEvery = TimeSpan.FromSeconds(2),
            Without = "routes-paced",
        },
        Idle("http-idle", "request", quick) with { Service = Service.Http, WarmUp = Requests },
        SecureRequests,
        Https("https-64k", "HTTP/1.1 inside TLS, 64 connections kept alive, answers of 64 KiB") with { Size = 64 * 1024 },
        SecureConnections,
        Paced(Https("https-paced", "HTTP/1.1 inside TLS, 2,000 requests a second on 64 connections, whether answers come or not")),
        Paced(Https("https-half", $"The same beside {SlowHeads(quick):N0} clients that never end their handshakes, each sending a byte every ten seconds")) with
        {
            Slow = SlowHeads(quick),
            Without = "https-paced",
        },
        Idle("https-idle", "request", quick) with { Service = Service.Https, WarmUp = SecureConnections },
        Messages with { Name = "tls", Title = "64 connections inside TLS, 100 bytes there and back, as fast as answers come", Service = Service.Tls },
        Multiplexed("http2", "HTTP/2, 8 connections with 32 requests under way on each, answers of 100 bytes") with { Connections = 8, Streams = 32 },
        Paced(Multiplexed("http2-paced", "HTTP/2, 2,000 requests a second on 64 connections, whether answers come or not")),
        Flooded("resets", "reset a hundred requests"),
        Flooded("pings", "send a hundred PINGs"),
        Flooded("settings", "send a hundred SETTINGS"),
        Flooded("continuations", "send a hundred CONTINUATIONs of a head that never ends"),
    ];

    /// <summary>More than lb remembers (IdentityCache): the one that comes round again is as good as new.</summary>
    private static int NewTokens(bool quick) => quick ? 2_000 : 80_000;

    private static TrafficScenario Https(string name, string title) => Http(name, title) with { Service = Service.Https };

    private static TrafficScenario Multiplexed(string name, string title) => Http(name, title) with { Service = Service.Http2 };

    private static TrafficScenario Paced(TrafficScenario scenario) => scenario with { Kind = "paced", Rate = 2000, HasLatency = true };

    private static TrafficScenario Flooded(string flood, string what) =>
        Paced(Multiplexed($"http2-{flood}", $"The same beside 16 clients that {what} every tenth of a second, and come back when they are closed")) with
        {
            Slow = 16,
            Flood = flood,
            Without = "http2-paced",
        };

    private static int SlowHeads(bool quick) => quick ? 200 : 4000;

    private static IdleScenario Idle(string name, string what, bool quick)
    {
        var connections = quick ? 200 : 4000;
        return new IdleScenario(name, $"{connections:N0} open connections that exchanged one {what} and are idle", "connection", connections) { WarmUp = Messages };
    }

    private static TrafficScenario Http(string name, string title) =>
        new(name, title, "request") { Service = Service.Http, Kind = "exchange", Connections = 64 };
}
