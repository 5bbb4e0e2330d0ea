using System.Collections.Immutable;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>
/// Every metric of the daemon, declared once: what is printed, its documentation (docs/metrics.md) and its tests come from
/// here. A name is a promise to dashboards: it does not change within a major version.
/// </summary>
internal static class MetricFamilies
{
    private static readonly List<MetricFamily> Declared = [];

    public static readonly MetricFamily Build = Info("lb_build_info", "The program that runs.", "version", "commit", "dotnet");
    public static readonly MetricFamily Ready = Gauge("lb_ready", "1 where /readyz says 200.");
    public static readonly MetricFamily Config = Info("lb_config_info", "The configuration that runs, by a hash of its files.", "version");
    public static readonly MetricFamily ConfigReloads = Counter("lb_config_reloads_total", "Reloads by result: loaded, or refused and nothing changed.", "result");
    public static readonly MetricFamily ConfigLastReloadRefused = Gauge("lb_config_last_reload_refused", "1 where the latest reload was refused: the file is not what runs.");
    public static readonly MetricFamily ConfigSource = Gauge("lb_config_source", "1 for where the configuration that runs comes from, 0 for the others: file, last_good (the file was no use at start), rollback (by an operator), guard (by the guard of reloads).", "source");
    public static readonly MetricFamily ConfigReturns = Counter("lb_config_returns_total", "Returns to an earlier configuration, by rollback (an operator) or guard.", "by");
    public static readonly MetricFamily ConfigGuarded = Gauge("lb_config_guarded", "1 while the guard watches whether requests fare worse than before a reload.");
    public static readonly MetricFamily ConfigTakenBack = Gauge("lb_config_taken_back", "1 while what the guard brought back runs, with what was worse under the file's configuration: a status or p99.", "listener", "route", "measure");
    public static readonly MetricFamily ConfigLastReloadSuccess = Gauge("lb_config_last_reload_success_timestamp_seconds", "When the configuration that runs was loaded, in seconds since 1970.");

    public static readonly MetricFamily ListenerConnections = Counter("lb_listener_connections_total", "Connections accepted.", "listener");
    public static readonly MetricFamily ListenerActiveConnections = Gauge("lb_listener_active_connections", "Connections open now.", "listener");
    public static readonly MetricFamily ListenerConnectionLimit = Gauge("lb_listener_max_connections", "Open connections at which the listener stops accepting.", "listener");
    public static readonly MetricFamily ListenerRejected = Counter("lb_listener_rejected_total", "Connections that were closed before they reached an endpoint.", "listener", "reason");
    public static readonly MetricFamily ListenerFaults = Counter("lb_listener_faults_total", "Connections that reached an endpoint and ended by a fault. A series appears with its first fault.", "listener", "side", "reason");
    public static readonly MetricFamily ListenerBytes = Counter("lb_listener_bytes_total", "Bytes received from clients and sent to them.", "listener", "direction");
    public static readonly MetricFamily ConnectionDuration = Histogram("lb_connection_duration_seconds", LatencyBounds.Session, "How long connections lasted, from accept to the end of both directions.", "listener");

    public static readonly MetricFamily TlsHandshakes = Counter("lb_tls_handshakes_total", "TLS handshakes with clients by result: full, resumed (an earlier session was taken up), or failed, without a version; why, lb_listener_rejected_total says.", "listener", "version", "result");
    public static readonly MetricFamily TlsActiveHandshakes = Gauge("lb_tls_active_handshakes", "TLS handshakes with clients that are under way.", "listener");
    public static readonly MetricFamily TlsHandshakeDuration = Histogram("lb_tls_handshake_duration_seconds", LatencyBounds.Connect, "How long TLS handshakes with clients took that were done, their round trips included.", "listener");
    public static readonly MetricFamily TlsCertificateNotAfter = Gauge("lb_tls_certificate_not_after_seconds", "When a certificate expires, in seconds since 1970, by the first of its names and the kind of its key. Where several have those, the first to expire.", "listener", "name", "key");
    public static readonly MetricFamily TlsReloads = Counter("lb_tls_reloads_total", "Changes of the files of a listener's TLS by result: loaded, or refused and what was in use before stays.", "listener", "result");
    public static readonly MetricFamily TlsLastReloadRefused = Gauge("lb_tls_last_reload_refused", "1 where the files of a listener's TLS are not what is in use, because they are no use.", "listener");

    public static readonly MetricFamily HttpRequests = Counter("lb_http_requests_total", "Requests by route and class of status, 1xx to 5xx. Those that no route took have an empty route; 4xx has those too whose client did not stay for a response.", "listener", "route", "status");
    public static readonly MetricFamily GrpcCalls = Counter("lb_grpc_calls_total", "Calls of gRPC by the status that they ended with, the endpoint's or lb's own: 0 is OK, other is a number without a name. What was broken off before anybody said one has none, and is in lb_http_faults_total. A series appears with its first call.", "listener", "route", "grpc_status");
    public static readonly MetricFamily HttpActiveRequests = Gauge("lb_http_active_requests", "Requests that are being answered.", "listener");
    public static readonly MetricFamily HttpFaults = Counter("lb_http_faults_total", "Requests that ended by a fault: refused, failed, or broken off. A series appears with its first fault.", "listener", "side", "reason");
    public static readonly MetricFamily PolicyRefusals = Counter("lb_policy_refusals_total", "Requests that a policy of a route refused, by its reason; shadow is true for those that it would have refused, was it not only watched, and that passed. A series appears with its first refusal.", "listener", "route", "policy", "reason", "shadow");
    public static readonly MetricFamily HttpBodyBytes = Counter("lb_http_body_bytes_total", "Bytes of bodies received from clients and sent to them.", "listener", "route", "direction");
    public static readonly MetricFamily HttpRequestDuration = Histogram("lb_http_request_duration_seconds", LatencyBounds.Exchange, "How long requests took, from when the head was there to the end of the response.", "listener", "route");

    public static readonly MetricFamily CacheRequests = Counter("lb_cache_requests_total", "Requests of routes with cache by what they got of it: hit (answered from memory), coalesced (by what another request has brought at that moment), stale (from memory, though it is stale), revalidated (from memory, as the endpoint says that it is as good as new), miss (nothing, or nothing that is fresh), bypass (not looked for, as the request is none whose answer is kept); and the requests of lb's own in the background, refreshed and refresh_failed, which are no client's. A route appears with its first request.", "listener", "route", "result");
    public static readonly MetricFamily CacheSent = Counter("lb_cache_sent_bytes_total", "Bytes of bodies that were sent from memory. A route appears with its first request.", "listener", "route");
    public static readonly MetricFamily CacheBytes = Gauge("lb_cache_bytes", "What is kept of answers in memory. This and what follows is there while a route keeps answers.");
    public static readonly MetricFamily CacheMaxBytes = Gauge("lb_cache_max_bytes", "What may be kept of answers in memory: the memory of the file's cache.");
    public static readonly MetricFamily CacheLingering = Gauge("lb_cache_lingering_bytes", "Answers that are not kept any more and still being sent to clients that take long: they count towards what may be kept, up to half of it.");
    public static readonly MetricFamily CacheEntries = Gauge("lb_cache_entries", "Answers that are kept, and notes of what they vary on.");
    public static readonly MetricFamily CacheStored = Counter("lb_cache_stored_total", "Answers that were kept.");
    public static readonly MetricFamily CacheEvicted = Counter("lb_cache_evicted_total", "Answers that had to go because the memory is used up and others are asked for more.");
    public static readonly MetricFamily CachePurged = Counter("lb_cache_purged_total", "Answers that operators have given up.");

    public static readonly MetricFamily Auth = Counter("lb_auth_total", "Requests with a credential for an entry of auth, by what came of it: identified, or the reason of the refusal. Reasons appear with their first refusal.", "auth", "result");
    public static readonly MetricFamily RateLimit = Counter("lb_rate_limit_total", "What limits have said to requests, by the names of limit and plan in the file (of a plan's own limits plan:rate, plan:day, plan:month, plan:concurrency; without a plan where one rule is for all): allowed, refused, would_refuse (only watched), unavailable (the shared store, with on_failure: deny). What a limit allowed is given back where another one refuses.", "limit", "plan", "outcome");
    public static readonly MetricFamily RateLimitCallers = Gauge("lb_rate_limit_callers", "Callers of which a limit remembers something in this process.", "limit", "plan");
    public static readonly MetricFamily RateLimitPooled = Counter("lb_rate_limit_pooled_total", "Requests that a limit counted together with those of other callers: the memory of limits was used up, and where the caller would have been remembered all were at their limit. It begins anew where a reload gives the limit another rule.", "limit", "plan");
    public static readonly MetricFamily RateLimitLeases = Counter("lb_rate_limit_leases_total", "Leases that this process was granted from a limit that instances share.", "limit", "plan");
    public static readonly MetricFamily RateLimitLeased = Counter("lb_rate_limit_leased_total", "Requests that were leased from a limit that instances share, before they came.", "limit", "plan");
    public static readonly MetricFamily RateLimitReturned = Counter("lb_rate_limit_returned_total", "Requests that were charged to a leased limit and given back: those that did not come in time, and those that another limit refused.", "limit", "plan");
    public static readonly MetricFamily RateLimitHeld = Gauge("lb_rate_limit_held", "Requests that are leased by this process now and have not come: other instances cannot have them.", "limit", "plan");
    public static readonly MetricFamily BandwidthDelayed = Counter("lb_bandwidth_delayed_bytes_total", "Bytes of bodies and WebSockets that have waited for the bandwidth of their caller, by the names of limit and plan in the file; of a plan's own the limit is plan:bandwidth.", "limit", "plan", "direction");
    public static readonly MetricFamily BandwidthPaused = Counter("lb_bandwidth_paused_seconds_total", "How long requests and responses have waited for the bandwidth of their caller, all together.", "limit", "plan", "direction");
    public static readonly MetricFamily PlanConcurrency = Gauge("lb_plan_concurrency", "Requests under way of all callers of a plan with concurrency.", "plan");
    public static readonly MetricFamily AuthFileEntries = Gauge("lb_auth_file_entries", "Keys or users in the file of an entry of auth.", "auth");
    public static readonly MetricFamily AuthFileRefused = Gauge("lb_auth_file_refused", "1 where the file of an entry of auth is not what is in use, because it is no use.", "auth");

    public static readonly MetricFamily RedisUp = Gauge("lb_redis_up", "1 where the server of state.redis answers; 0 where each limit's on_failure decides.", "node");
    public static readonly MetricFamily RedisCommands = Counter("lb_redis_commands_total", "Commands for a server of state.redis by what came of them: answered, error, late (no answer within the timeout), lost (the connection ended first), refused (not sent, because the server is known not to answer, or too many wait).", "node", "outcome");
    public static readonly MetricFamily RedisLatency = Histogram("lb_redis_seconds", LatencyBounds.Connect, "How long answers of a server of state.redis took.", "node");

    public static readonly MetricFamily UpstreamEndpoints = Gauge("lb_upstream_endpoints", "Endpoints by state: available, unhealthy (probes), ejected (watched traffic), drained (by an operator, or weight 0).", "upstream", "state");
    public static readonly MetricFamily DiscoveryLookups = Counter("lb_discovery_lookups_total", "Lookups of the upstream's endpoints by outcome: found, partial (one family of addresses could not be asked for), empty (the answer was that there is nobody), failed (no answer). In all but the first, what was found before stays.", "upstream", "outcome");
    public static readonly MetricFamily DiscoveryEndpoints = Gauge("lb_discovery_endpoints", "Endpoints in the last good answer.", "upstream");
    public static readonly MetricFamily DiscoveryLastSuccess = Gauge("lb_discovery_last_success_timestamp_seconds", "When endpoints were found last, in seconds since 1970; 0 where they never were.", "upstream");
    public static readonly MetricFamily UpstreamConnect = Histogram("lb_upstream_connect_seconds", LatencyBounds.Connect, "How long connects to the upstream's endpoints took that succeeded.", "upstream");
    public static readonly MetricFamily UpstreamSession = Histogram("lb_upstream_session_seconds", LatencyBounds.Session, "How long connections to the upstream's endpoints lasted, from the end of the connect to the end of both directions.", "upstream");
    public static readonly MetricFamily UpstreamPanic = Gauge("lb_upstream_panic", "1 while endpoints are used whose probes fail, because too few others are left.", "upstream");
    public static readonly MetricFamily UpstreamCircuitState = Gauge("lb_upstream_circuit_state", "1 for the state that the circuit breaker is in, 0 for the others: closed (all passes), open (all is refused), half_open (a few attempts try it).", "upstream", "state");
    public static readonly MetricFamily UpstreamCircuitOpenings = Counter("lb_upstream_circuit_openings_total", "Times that the circuit breaker opened.", "upstream");
    public static readonly MetricFamily UpstreamCircuitRefused = Counter("lb_upstream_circuit_refused_total", "Attempts that the circuit breaker refused.", "upstream");
    public static readonly MetricFamily UpstreamConcurrencyLimit = Gauge("lb_upstream_concurrency_limit", "How many requests may be under way at the upstream: its concurrency, or with auto what is found to be good.", "upstream");
    public static readonly MetricFamily UpstreamConcurrency = Gauge("lb_upstream_concurrency", "Requests under way at an upstream with concurrency.", "upstream");
    public static readonly MetricFamily UpstreamBaseLatency = Gauge("lb_upstream_base_latency_seconds", "With concurrency: auto, how long an answer takes where none has to wait; 0 while that is not known.", "upstream");
    public static readonly MetricFamily UpstreamShed = Counter("lb_upstream_shed_total", "Requests that were refused for overload, by what their route has for shed.", "upstream", "importance");
    public static readonly MetricFamily UpstreamPending = Gauge("lb_upstream_pending_connections", "Connections and requests that wait for room: every endpoint is at max_connections or max_requests, or the upstream at its concurrency.", "upstream");
    public static readonly MetricFamily UpstreamPendingTimeouts = Counter("lb_upstream_pending_timeouts_total", "Connections and requests that waited for room in vain until pending_timeout; those that were shed are not among them.", "upstream");
    public static readonly MetricFamily UpstreamPendingOverflows = Counter("lb_upstream_pending_overflows_total", "Connections and requests that were refused because max_pending others waited already; those that were shed are not among them.", "upstream");
    public static readonly MetricFamily UpstreamRequests = Counter("lb_upstream_requests_total", "Requests by the class of the status that an endpoint answered; none where there was no whole head of a response.", "upstream", "status");
    public static readonly MetricFamily UpstreamFirstByte = Histogram("lb_upstream_first_byte_seconds", LatencyBounds.Exchange, "How long the upstream's endpoints took to begin their responses, from when a connection was there.", "upstream");
    public static readonly MetricFamily UpstreamRetries = Counter("lb_upstream_retries_total", "Tries of requests beyond their first, by why they were made: connect, unseen (the endpoint has not looked at the request), reset, timeout, status, hedge (a second attempt beside a slow one).", "upstream", "reason");
    public static readonly MetricFamily UpstreamHedgesWon = Counter("lb_upstream_hedges_won_total", "Second attempts beside a slow one that brought the answer.", "upstream");
    public static readonly MetricFamily UpstreamRetriesRefused = Counter("lb_upstream_retries_refused_total", "Tries that were not made, because the budget of retries was spent.", "upstream");
    public static readonly MetricFamily UpstreamPoolConnections = Gauge("lb_upstream_pool_connections", "Connections for requests to the upstream's endpoints: in_use, or idle and kept for the next.", "upstream", "state");
    public static readonly MetricFamily UpstreamPoolOpened = Counter("lb_upstream_pool_opened_total", "Connections for requests that were opened.", "upstream");
    public static readonly MetricFamily UpstreamPoolReused = Counter("lb_upstream_pool_reused_total", "Requests that went out on a connection that was idle.", "upstream");
    public static readonly MetricFamily EndpointAvailable = Gauge("lb_endpoint_available", "1 where the endpoint may be picked.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointState = Gauge("lb_endpoint_state", "1 for the state that the endpoint is in, 0 for the others.", "upstream", "endpoint", "state");
    public static readonly MetricFamily EndpointTransitions = Counter("lb_endpoint_transitions_total", "Changes of what is thought of the endpoint: healthy and unhealthy (probes), ejected, returned and spared (watched traffic; spared is an ejection that max_ejected forbade).", "upstream", "endpoint", "kind");
    public static readonly MetricFamily EndpointEjections = Counter("lb_endpoint_ejections_total", "Ejections of the endpoint by the rule of health.passive that took it out: failures, consecutive, failure_ratio, slower_than.", "upstream", "endpoint", "cause");
    public static readonly MetricFamily EndpointProbes = Counter("lb_endpoint_probes_total", "Probes of the endpoint by what they came to. A series of a failure appears with the first.", "upstream", "endpoint", "result");
    public static readonly MetricFamily EndpointProbeDuration = Gauge("lb_endpoint_probe_duration_seconds", "How long the latest probe of the endpoint took.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointWeight = Gauge("lb_endpoint_weight", "The endpoint's share of traffic relative to the others, by an operator or else by the file.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointActiveConnections = Gauge("lb_endpoint_active_connections", "Connections to the endpoint now.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointConnections = Counter("lb_endpoint_connections_total", "Times that the endpoint was picked.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointConnect = Histogram("lb_endpoint_connect_seconds", LatencyBounds.Connect, "How long connects to the endpoint took that succeeded; what failed is in lb_endpoint_faults_total.", "upstream", "endpoint");
    public static readonly MetricFamily EndpointFaults = Counter("lb_endpoint_faults_total", "Times that the endpoint was at fault.", "upstream", "endpoint", "reason");

    public static readonly MetricFamily LoopTurns = Counter("lb_loop_turns_total", "Turns of an event loop.", "loop");
    public static readonly MetricFamily LoopEvents = Counter("lb_loop_events_total", "Events that the kernel reported to an event loop; by lb_loop_turns_total, how much it does at once.", "loop");
    public static readonly MetricFamily LoopCpu = Counter("lb_loop_cpu_seconds_total", "CPU time of an event loop; its rate is the share of a core, and at 1 the loop is full.", "loop");
    public static readonly MetricFamily LoopLongestTurn = Gauge("lb_loop_longest_turn_seconds", "The longest turn of an event loop in the last one to two minutes.", "loop");
    public static readonly MetricFamily LoopStalls = Counter("lb_loop_stalls_total", "Turns of an event loop that took over 100 ms: something blocked it.", "loop");
    public static readonly MetricFamily LoopSockets = Gauge("lb_loop_sockets", "Sockets that an event loop watches: two for each proxied connection, and those that listen.", "loop");
    public static readonly MetricFamily LoopRetryBodies = Gauge("lb_loop_retry_body_bytes", "Bytes of requests' bodies that an event loop keeps, to send them again; it has room for 32 MiB.", "loop");
    public static readonly MetricFamily LoopRetryBodiesUnkept = Counter("lb_loop_retry_bodies_unkept_total", "Requests' bodies for which there was no room: they went on without being kept, and their requests were not to be sent again.", "loop");
    public static readonly MetricFamily AccessLogLines = Counter("lb_access_log_lines_total", "Lines that the access log took: requests and connections.");
    public static readonly MetricFamily AccessLogDropped = Counter("lb_access_log_dropped_lines_total", "Lines of the access log that were lost: the disk was full or too slow.");
    public static readonly MetricFamily AccessLogSuppressed = Counter("lb_access_log_suppressed_lines_total", "Lines of refused connections that the access log left out: at most 100 a second are written on each loop. Requests are never left out.");
    public static readonly MetricFamily LogDropped = Counter("lb_log_dropped_lines_total", "Lines of the daemon's own log that were lost.");
    public static readonly MetricFamily AdminRefused = Counter("lb_admin_refused_total", "Requests that the admin listener refused: address_denied (admin.allow_ips), host_unknown and origin_foreign (a web page, or a name that admin.names lacks), body_not_taken; and of changes token_missing, token_wrong, token_throttled (too many wrong ones), token_not_configured.", "reason");
    public static readonly MetricFamily Upgrades = Counter("lb_upgrades_total", "Upgrades of this process and of those that handed over to it, one after the other: done, or failed, where the old process went on.", "result");
    public static readonly MetricFamily UpgradeDrainingProcesses = Gauge("lb_upgrade_draining_processes", "Processes from before an upgrade that still finish what they have; each ends with its last connection, or after its shutdown.drain.");
    public static readonly MetricFamily UpgradeDrainingConnections = Gauge("lb_upgrade_draining_connections", "Open connections of the listeners of those processes, as they said a second ago.");

    public static readonly MetricFamily ProcessCpu = Counter("process_cpu_seconds_total", "User and system time of the process.");
    public static readonly MetricFamily ProcessUserCpu = Counter("process_cpu_user_seconds_total", "User time of the process.");
    public static readonly MetricFamily ProcessSystemCpu = Counter("process_cpu_system_seconds_total", "System time of the process: the kernel's work for it, most of a proxy's.");
    public static readonly MetricFamily ProcessThreads = Gauge("process_threads", "Threads of the process.");
    public static readonly MetricFamily ProcessResidentMemory = Gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.");
    public static readonly MetricFamily ProcessOpenDescriptors = Gauge("process_open_fds", "Open file descriptors; a proxied connection has two.");
    public static readonly MetricFamily ProcessMaxDescriptors = Gauge("process_max_fds", "File descriptors that the process may have open.");
    public static readonly MetricFamily ProcessStart = Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.");

    public static readonly MetricFamily GcCollections = Counter("dotnet_gc_collections_total", "Garbage collections that reached the generation; one of generation 2 counts for 0 and 1 too.", "generation");
    public static readonly MetricFamily GcPause = Counter("dotnet_gc_pause_seconds_total", "Time for which garbage collections stopped the process.");
    public static readonly MetricFamily GcAllocated = Counter("dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap.");
    public static readonly MetricFamily GcHeap = Gauge("dotnet_gc_heap_bytes", "Size of the managed heap, garbage included.");
    public static readonly MetricFamily GcGeneration = Gauge("dotnet_gc_generation_bytes", "Size of a part of the managed heap after the latest collection: the generations 0 to 2, large objects (loh), pinned objects (poh).", "generation");
    public static readonly MetricFamily GcCommitted = Gauge("dotnet_gc_committed_bytes", "Memory that the collector held at the latest collection.");
    public static readonly MetricFamily GcLimit = Gauge("dotnet_gc_memory_limit_bytes", "Memory within which the managed heap must stay: a limit that was set, three quarters of the cgroup's, or what the machine has.");
    public static readonly MetricFamily ThreadPoolThreads = Gauge("dotnet_threadpool_threads", "Threads of the thread pool; connections need none of them.");
    public static readonly MetricFamily ThreadPoolQueue = Gauge("dotnet_threadpool_queue_length", "Work items that wait for a thread of the pool.");
    public static readonly MetricFamily ThreadPoolWorkItems = Counter("dotnet_threadpool_work_items_total", "Work items that the thread pool has run; traffic adds none.");

    /// <summary>All of them, in the order of the page and of its documentation.</summary>
    public static ImmutableArray<MetricFamily> All { get; } = [.. Declared];

    private static MetricFamily Counter(string name, string help, params ReadOnlySpan<string> labels) => Declare(MetricType.Counter, name, help, labels);

    private static MetricFamily Gauge(string name, string help, params ReadOnlySpan<string> labels) => Declare(MetricType.Gauge, name, help, labels);

    private static MetricFamily Histogram(string name, LatencyBounds bounds, string help, params ReadOnlySpan<string> labels) => Declare(MetricType.Histogram, name, help, labels, bounds);

    private static MetricFamily Info(string name, string help, params ReadOnlySpan<string> labels) => Declare(MetricType.Info, name, help, labels);

    private static MetricFamily Declare(MetricType type, string name, string help, ReadOnlySpan<string> labels, LatencyBounds? bounds = null)
    {
        var family = new MetricFamily(name, type, help, [.. labels], bounds);
        Declared.Add(family);
        return family;
    }
}
