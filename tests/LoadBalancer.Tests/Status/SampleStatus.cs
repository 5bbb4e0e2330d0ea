using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Status;

/// <summary>A daemon with two listeners and two upstreams in the middle of its day.</summary>
internal static class SampleStatus
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static GatewayStatus Make()
    {
        var web = new ListenerMetrics("web", loops: 2);
        web.Opened(0);
        web.Opened(1);
        web.Opened(1);
        web.Received(0, 100);
        web.Sent(1, 2000);
        web.Closed(0, new Fault(FaultSide.Client, FaultKind.Reset), TimeSpan.FromSeconds(2));
        web.Rejected(1, FaultKind.NoEndpoint, TimeSpan.FromMilliseconds(1));
        var handshakes = new TlsMetrics(loops: 2);
        handshakes.CountDone(0, TlsVersion.Tls13, resumed: false, TimeSpan.FromMilliseconds(2));
        handshakes.CountDone(1, TlsVersion.Tls12, resumed: true, TimeSpan.FromMilliseconds(1));
        handshakes.CountFailed(1);
        var tls = new TlsStatus
        {
            Certificates = [new CertificateStatus(["db.example", "*.db.example"], "ecdsa", "/etc/lb/db.pem", Noon.AddDays(20), 20, Stapled: false), new CertificateStatus(["db.example"], "rsa", "/etc/lb/db-rsa.pem", Noon.AddDays(9), 9, Stapled: true)],
            Refusal = "cannot read /etc/lb/db.pem: no such file",
            Handshaking = 3,
            Metrics = handshakes,
        };
        var upstream = new UpstreamMetrics(loops: 2);
        upstream.ConnectTimes.Record(0, TimeSpan.FromMicroseconds(180));
        upstream.ConnectTimes.Record(1, TimeSpan.FromSeconds(1.2));
        upstream.SessionTimes.Record(1, TimeSpan.FromSeconds(1.9));
        upstream.CountResponses().Ended(0, 200);
        upstream.CountResponses().Ended(1, 0);
        upstream.CountResponses().Retried(0, RetryReason.Status);
        upstream.CountResponses().FirstByteTimes.Record(0, TimeSpan.FromMilliseconds(4));
        upstream.CountResponses().ConnectionOpened(0);
        upstream.CountResponses().ConnectionOpened(0);
        upstream.CountResponses().ConnectionParked(0);
        var requests = new HttpMetrics(loops: 2);
        requests.Begin(0);
        requests.Begin(1);
        requests.Ended(0, new Fault(FaultSide.Upstream, FaultKind.FirstByteTimeout));
        requests.Of("users").Ended(0, 200, received: 10, sent: 400, TimeSpan.FromMilliseconds(6));
        requests.Of("users").Refused(0, "require", new Fault(FaultSide.Client, FaultKind.RoleMissing), isShadow: true);
        requests.Of("users").Ended(1, 504, received: 0, sent: 100, TimeSpan.FromSeconds(5));
        requests.Unrouted.Ended(1, 404, received: 0, sent: 50, TimeSpan.Zero);
        requests.Of("users").Called(0, 0);
        requests.Of("users").Called(1, 14);
        requests.Of("users").Cached(0, CacheLookup.Hit, sent: 300);
        requests.Of("users").Cached(1, CacheLookup.Miss, sent: 100);
        var auth = new AuthCounts("partners", loops: 2);
        auth.Count(0, FaultKind.None);
        auth.Count(1, FaultKind.ApiKeyUnknown);
        var limit = new LimitCounts("create-trip", "free", loops: 2);
        limit.Count(0, LimitOutcome.Allowed);
        limit.Count(1, LimitOutcome.Refused);
        var pace = new PaceCounts(loops: 2);
        pace.Count(1, 65536, TimeSpan.FromMilliseconds(500));
        return new GatewayStatus
        {
            Version = "0.1.0",
            Commit = "d5459bdd6e",
            ProcessId = 4711,
            StartedAt = Noon,
            Ready = true,
            NotReadyBecause = [],
            Config = new ConfigStatus
            {
                Version = "3f2a9c01",
                Source = ConfigOrigin.Guard,
                TakenBack = new GuardStatus("web", "users", "5xx", 0.001, 0.25, "route users of listener web: 5xx was 0.1% and is 25%, of 400 requests"),
                GuardedUntil = Noon.AddMinutes(1),
                Rollbacks = 1,
                Files = ["/etc/lb/lb.yaml"],
                LoadedAt = Noon.AddSeconds(90.5),
                Reloads = 2,
                RefusedReloads = 1,
                LastRefusal = new RefusalStatus(Noon.AddMinutes(5), ["lb.yaml:3:1: unknown key 'upstrem'"]),
            },
            AuthKeys =
            [
                new AuthKeysStatus { Name = "riders", Keys = 2, FetchedAt = Noon, Failure = null },
                new AuthKeysStatus { Name = "staff", Keys = 0, FetchedAt = null, Failure = "it answers 503" },
            ],
            AuthFiles = [new AuthFileStatus { Name = "partners", File = "/etc/lb/keys.yaml", Entries = 12, LoadedAt = Noon, Refusal = "/etc/lb/keys.yaml:3:9: 'hash' expects the SHA-256 of a key" }],
            Auth = [auth],
            LimitCounts = [limit],
            Limits =
            [
                new LimitStatus
                {
                    Name = "create-trip", Plan = "free", Key = "identity", Rule = "5/min", Mode = "local", Callers = 3, Pooled = 0, Leases = new(2, 10, 1, 4),
                    Outcomes = new Dictionary<string, long> { ["allowed"] = 1, ["refused"] = 1, ["would_refuse"] = 0, ["unavailable"] = 0 },
                },
                new LimitStatus
                {
                    Name = "plan:concurrency", Plan = "pro", Key = "identity", Rule = "20 at once", Mode = "local", Callers = 1, UnderWay = 2,
                    Outcomes = new Dictionary<string, long> { ["allowed"] = 9, ["refused"] = 0, ["would_refuse"] = 0, ["unavailable"] = 0 },
                },
            ],
            Paces = [("plan:bandwidth", "pro", "sent", pace)],
            Cache = new CacheStatus { Memory = 64 * 1024 * 1024, Bytes = 4_000_000, LingeringBytes = 70_000, Entries = 120, Stored = 150, Evicted = 20, Purged = 10 },
            Redis =
            [
                new RedisStatus
                {
                    Node = "10.0.0.9:6379",
                    Up = false,
                    Reason = "no answer within 50 ms",
                    Commands = new Dictionary<string, long> { ["answered"] = 5, ["error"] = 0, ["late"] = 1, ["lost"] = 0, ["refused"] = 7 },
                    Latency = new LatencyHistogram(1, LatencyBounds.Connect).Read(),
                },
            ],
            Loops = [new LoopStatus(0, 1000, 0), new LoopStatus(1, 900, 1) { Events = 2500, Sockets = 7, CpuSeconds = 0.25, LongestTurnSeconds = 0.12, RetryBodyBytes = 65536, RetryBodiesUnkept = 3 }],
            Listeners =
            [
                new ListenerStatus { Name = "web", Addresses = ["0.0.0.0:80", "[::]:80"], Upstream = "web", MaxConnections = 20_000, Metrics = web, Requests = new RequestStatus([new RouteStatus("users", "/users/{id}", requests.Of("users")), new RouteStatus("", null, requests.Unrouted)], requests) },
                new ListenerStatus { Name = "db", Addresses = ["unix:/run/db.sock"], Upstream = "db", MaxConnections = 100, Metrics = new ListenerMetrics("db", loops: 2), Tls = tls },
            ],
            Upstreams =
            [
                new UpstreamStatus("web", "round_robin",
                [
                    Endpoint("10.0.0.1:80", EndpointState.Available, new VerdictStatus("active", "healthy", "connected", Noon)),
                    Endpoint("10.0.0.2:80", EndpointState.Ejected, new VerdictStatus("passive", "ejected", "5 failures within 30 s, the last connect_refused", Noon.AddSeconds(1))),
                ], upstream),
                new UpstreamStatus("db", "least_connections", [Endpoint("unix:/run/\"odd\"\\.sock", EndpointState.Drained)], new UpstreamMetrics(loops: 2))
                {
                    Circuit = new CircuitStatus("open", "20 of 20 attempts within 10 s failed, the last connect_refused", Noon, RetryAfterSeconds: 9, Openings: 2, Refused: 31),
                    Concurrency = new ConcurrencyStatus(Limit: 40, UnderWay: 38, BaseMs: 20, new Dictionary<string, long> { ["high"] = 0, ["normal"] = 3, ["low"] = 200 }),
                    Discovery = new UpstreamDiscovery
                    {
                        Source = "dns db.internal:5432",
                        Endpoints = 0,
                        LeftOut = 0,
                        Lookups = new Dictionary<string, long> { ["found"] = 0, ["partial"] = 0, ["empty"] = 0, ["failed"] = 3 },
                        LastSuccess = null,
                        LastError = "db.internal: 10.0.0.2:53 gave no answer within 5 s",
                        LastErrorAt = Noon.AddSeconds(30),
                        NextLookup = Noon.AddSeconds(34),
                    },
                },
            ],
        };
    }

    private static EndpointStatus Endpoint(string address, EndpointState state, params VerdictStatus[] verdicts) => new()
    {
        Address = address,
        Weight = state == EndpointState.Drained ? 0 : 1,
        Backup = false,
        State = state,
        Available = state == EndpointState.Available,
        ActiveConnections = 1,
        Connections = 7,
        ConnectTimes = new LatencyHistogram(loops: 2, LatencyBounds.Connect),
        Faults = new Dictionary<string, long> { ["connect_refused"] = state == EndpointState.Ejected ? 5 : 0, ["reset"] = 0 },
        Verdicts = verdicts,
        Probe = verdicts is [{ Judge: "active" }] ? new ProbeStatus("passed", "connected", Noon, 1.5, Noon.AddSeconds(5), InARow: 3) : null,
        Probes = verdicts is [{ Judge: "active" }] ? new Dictionary<string, long> { ["passed"] = 3, ["connect_refused"] = 1 } : [],
        Transitions = new Dictionary<string, long> { ["healthy"] = 1, ["ejected"] = state == EndpointState.Ejected ? 1 : 0 },
    };
}
