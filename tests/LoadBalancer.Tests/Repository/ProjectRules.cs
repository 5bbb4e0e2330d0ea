namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// Who may import whom: the table that ArchitectureTests holds the product to. Imports point from what changes often to what
/// changes seldom, so that a balancer can be read without HTTP, the relay without YAML, and a folder be moved or tested alone.
/// A new folder needs a row here, and a new arrow needs its reason: that is the moment to ask whether it should exist.
/// </summary>
/// <param name="Path">The project's folder.</param>
/// <param name="Namespace">Its root namespace.</param>
/// <param name="Everyone">Folders that all others may import, and that import only one another: the words that everything is said in.</param>
/// <param name="Folders">
/// What each other folder may import beside those. The empty name is the project's own folder; where it has no row, its files
/// may import all, because composition has to.
/// </param>
/// <param name="Projects">The other projects of the product whose namespaces it may import.</param>
internal sealed record ProjectRules(
    string Path, string Namespace, string[] Everyone, FolderRule[] Folders, string[] Projects)
{
    /// <summary>Layer 4 and everything protocol-free.</summary>
    public static ProjectRules Core { get; } = new(
        "src/LoadBalancer.Core",
        "LoadBalancer",
        Everyone: ["Configuration", "Faults", "Addresses", "Limits", "Telemetry"],
        Folders:
        [
            new("Transport"),
            new("Endpoints"),
            new("",
                ("Endpoints", "a build context says who is told of an endpoint's health"),
                ("Discovery", "and who is told of a discovery that failed"),
                ("Redis", "and of a store that cannot be asked"),
                ("Tls", "and with what TLS is spoken, and who is told where it fails")),
            new("Balancing",
                ("Endpoints", "a balancer is a table of endpoints, and reads their load")),
            new("Discovery",
                ("Endpoints", "it yields the addresses that become endpoints")),
            new("Connections",
                ("Transport", "a connection policy wraps what a transport accepted"),
                ("Endpoints", "a connection to an endpoint that was taken away is drained"),
                ("Tls", "what serves a listener's connections says how their clients speak TLS")),
            new("Tls",
                ("Transport", "it encrypts below the sockets of a transport")),
            new("Health",
                ("Endpoints", "its verdict is an endpoint's state"),
                ("Transport", "a probe connects as the proxy does"),
                ("Tls", "a probe of a TLS endpoint shakes hands")),
            new("Upstreams",
                ("Endpoints", "an upstream is a group of them"),
                ("Balancing", "a view holds the balancer that was built for its endpoints"),
                ("Health", "verdicts decide who is available"),
                ("Discovery", "membership comes from it"),
                ("Transport", "an upstream says how its endpoints are connected to"),
                ("Connections", "its endpoints may want a PROXY header, from probes as from clients"),
                ("Tls", "and how they are spoken to")),
            new("Redis",
                ("Transport", "its connections live on the loops"),
                ("Connections", "and are made as those to endpoints are"),
                ("Tls", "and may be encrypted")),
            new("SharedLimits",
                ("Redis", "instances count together there"),
                ("Transport", "an answer comes back to the loop that asked")),
            new("Tcp",
                ("Upstreams", "a listener's connections go to an upstream"),
                ("Endpoints", "the proxy holds the lease while it relays"),
                ("Balancing", "a pick is asked for with the endpoints already tried"),
                ("Connections", "the proxy is the last handler behind the connection policies"),
                ("Tls", "passthrough routes by the server name, and origination encrypts"),
                ("Transport", "the relay copies between two of its connections")),
        ],
        Projects: []);

    /// <summary>Layer 7. An exchange, where it leads and who is asked on the way are said in one another's words, so these three are everyone's.</summary>
    public static ProjectRules Http { get; } = new(
        "src/LoadBalancer.Http",
        "LoadBalancer.Http",
        Everyone: ["Server", "Routing", "Policies", "Authentication", "RateLimiting", "Caching", "Explaining"],
        Folders:
        [
            new("Usage"),
            new("Authentication",
                ("Usage", "an identity knows where its requests are counted"),
                ("Responses", "lb itself answers where a browser comes back from a login")),
            new("Resilience"),
            new("Forwarding",
                ("Resilience", "it asks the plan of retries whether there is another attempt")),
            new("Telemetry"),
            new("Templates",
                ("Forwarding", "an address is written as the forwarding headers write it")),
            new("Responses",
                ("Templates", "what lb answers by itself may name what was asked for")),
            new("Server",
                ("Forwarding", "who the client is comes from the forwarding headers"),
                ("Resilience", "a loop has room for the bodies that are kept to be sent again"),
                ("Responses", "a fault becomes a response in one place"),
                ("Telemetry", "an exchange that has ended is counted and logged"),
                ("Usage", "and counted for its caller")),
            new("Routing",
                ("Forwarding", "a route's options hold those of its mirror"),
                ("Responses", "a route's options hold those of its action"),
                ("Telemetry", "a route has its counters")),
            new("Policies",
                ("Resilience", "a route says when its requests are sent again"),
                ("Responses", "the options of policies hold the stand-ins for errors"),
                ("Templates", "headers and paths are made of what was asked for")),
        ],
        Projects: ["LoadBalancer"]);

    /// <summary>The daemon: composition, the command line, the operator.</summary>
    public static ProjectRules Daemon { get; } = new(
        "src/LoadBalancer",
        "LoadBalancer.Daemon",
        Everyone: ["Configuration"],
        Folders:
        [
            new("Systemd"),
            new("Listening",
                ("Systemd", "a socket that the service manager opened is taken over, not bound")),
            new("Reloading",
                ("Listening", "a new configuration binds, keeps and drains listeners"),
                ("State", "what is loaded is kept, so that it can be brought back"),
                ("Systemd", "the service manager is told while a reload lasts")),
            new("State"),
            new("Status",
                ("State", "it tells of what operators have drained"),
                ("Listening", "it tells of the listeners"),
                ("Reloading", "it tells of the snapshot that runs, and how reloads went")),
            new("Metrics",
                ("Reloading", "a metric says where the configuration comes from"),
                ("Status", "what is exposed is what /status tells, as numbers")),
            new("Upgrading",
                ("Listening", "the sockets are what is handed over"),
                ("Metrics", "how upgrades went is exposed"),
                ("Reloading", "what runs must know its endpoints before it takes over"),
                ("State", "and the lock of the state folder"),
                ("Systemd", "the service manager is told who serves")),
            new("Explaining"),
            new("Comparing",
                ("Explaining", "requests are led through both configurations, of which neither runs")),
            new("Testing",
                ("Explaining", "what is expected of a request is compared with its explanation")),
            new("Simulating",
                ("Explaining", "a log is replayed through a configuration that does not run")),
            new("Admin",
                ("Explaining", "POST /explain and GET /requests are its output"),
                ("Metrics", "/metrics is its output"),
                ("Upgrading", "POST /upgrade answers with the outcome"),
                ("Reloading", "POST /reload answers with the outcome"),
                ("State", "a drain is remembered"),
                ("Status", "/status and /readyz are its output")),
            new("Cli",
                ("Explaining", "explain and why print its models"),
                ("Comparing", "diff prints its differences"),
                ("Simulating", "simulate prints what it forecasts"),
                ("Testing", "test prints its outcomes"),
                ("Reloading", "a verb reads the file the way a reload does"),
                ("Systemd", "run hands the service manager's environment to the daemon"),
                ("Metrics", "docs prints their reference")),
        ],
        Projects: ["LoadBalancer", "LoadBalancer.Http"]);

    /// <summary>All of them, the longest namespace first, so that the first whose namespace fits is the right one.</summary>
    public static IReadOnlyList<ProjectRules> All { get; } = [Daemon, Http, Core];

    /// <summary>Folders that every file of a project may import but those of one folder may not, with the reason.</summary>
    public static IReadOnlyList<(ProjectRules Project, string Folder, string Imported, string Reason)> Apart { get; } =
    [
        (Http, "Forwarding", "Policies", "what is forwarded was let pass already, whoever let it"),
        (Http, "Templates", "Policies", "a template knows the request and nothing else"),
    ];

    /// <summary>
    /// Namespaces of others that only some folders may import, with the reason. A namespace that is not listed is free:
    /// the project files say which packages a project has at all.
    /// </summary>
    public static IReadOnlyList<(string Namespace, string[] Except, string[] Folders, string Reason)> Confined { get; } =
    [
        ("YamlDotNet", [], ["src/LoadBalancer/Configuration"],
            "options are read through ConfigNode, so that the scanner's bounds and an error's place cannot be missed"),
        ("CommandLine", [], ["src/LoadBalancer/Cli", "src/LoadBalancer"],
            "verbs know the command line, the daemon itself can be started by a test"),
        ("Microsoft.AspNetCore", ["Microsoft.AspNetCore.Connections", "Microsoft.AspNetCore.Http.Features", "Microsoft.AspNetCore.WebUtilities"], ["src/LoadBalancer/Admin"],
            "Kestrel serves the operator here and nothing else; the connection abstractions and the reason phrases are everyone's"),
    ];

    /// <summary>Folders of the hot path: what runs for every connection, byte, pick or request.</summary>
    public static IReadOnlyList<(ProjectRules Project, string Folder)> HotPath { get; } =
    [
        (Core, "Transport"), (Core, "Tcp"), (Core, "Balancing"), (Core, "Endpoints"), (Core, "Limits"), (Core, "Redis"), (Core, "SharedLimits"), (Core, "Connections"),
        (Http, "Server"), (Http, "Routing"), (Http, "Forwarding"), (Http, "Policies"), (Http, "Responses"), (Http, "Templates"), (Http, "Telemetry"), (Http, "Usage"), (Http, "RateLimiting"),
    ];

    /// <summary>The rules of the project that holds <paramref name="file"/>; null where it is in none.</summary>
    public static ProjectRules? For(SourceFile file) =>
        All.FirstOrDefault(project => file.Path.StartsWith(project.Path + "/", StringComparison.Ordinal));

    /// <summary>The first folder of a namespace below the project's; empty for the project's own.</summary>
    public static string FolderOf(string target, string root) =>
        target.Length > root.Length ? target[(root.Length + 1)..].Split('.')[0] : "";
}
