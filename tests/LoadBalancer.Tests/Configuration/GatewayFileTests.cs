using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tcp;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class GatewayFileTests
{
    private const string Everything = """
        listeners:
          postgres:
            bind: [":5432", "[::]:5432", unix:/run/pg.sock]
            tcp: {upstream: postgres}
            max_connections: 10000
            timeouts: {connect: 1s, idle: 1h, half_closed: 30s}
          short:
            bind: "127.0.0.1:0"
            tcp: postgres
        upstreams:
          postgres:
            balance: hash
            hash: {on: client_ip, max_load: 125%}
            endpoints: ["10.0.0.1:5432", {address: "[2001:db8::1]:5432", weight: 2}, {address: unix:/run/app.sock, backup: true}]
            timeouts: {connect: 500ms}
            health:
              active: {type: tcp, interval: 2s, timeout: 1s, healthy_after: 1, unhealthy_after: 5, jitter: 0%}
              passive: {failures: 3, consecutive: 7, failure_ratio: 40%, slower_than: 300%, minimum: 30, within: 10s, eject_for: 1m, max_ejected: 25%}
              panic: 20%
            circuit_breaker: {failure_ratio: 30%, minimum: 5, within: 20s, open_for: 1m, probes: 2}
            slow_start: 1m
            max_connections: 500
            max_requests: 400
            concurrency: auto
            max_pending: 20
            pending_timeout: 3s
          plain:
            endpoints: "10.0.0.9:80"
            health: {passive: off}
        admin: {bind: ["127.0.0.1:9091", unix:/run/lb/admin.sock]}
        log: {level: debug, access: /var/log/lb/access.json, format: json}
        transport: {kind: epoll, loops: 4}
        reload: {watch: false}
        shutdown: {unready_for: 0s, drain: 2m}
        """;

    [Test]
    public void Reads_every_key_of_a_file() => Assert.That(ConfigFolder.OptionsOf(Everything), Is.EqualTo(new GatewayOptions
    {
        Listeners = Map(
            ("postgres", new ListenerOptions
            {
                Bind = [new IPEndPoint(IPAddress.Any, 5432), new IPEndPoint(IPAddress.IPv6Any, 5432), new UnixDomainSocketEndPoint("/run/pg.sock")],
                Tcp = new TcpOptions("postgres"),
                MaxConnections = 10_000,
                Timeouts = new TcpTimeouts { Connect = Seconds(1), Idle = Seconds(3600), HalfClosed = Seconds(30) },
            }),
            ("short", new ListenerOptions { Bind = [new IPEndPoint(IPAddress.Loopback, 0)], Tcp = new TcpOptions("postgres") })),
        Upstreams = Map(
            ("postgres", new UpstreamOptions
            {
                Balance = "hash",
                Hash = new HashOptions { On = HashSource.ClientIp, MaxLoad = 1.25 },
                Endpoints =
                [
                    new EndpointOptions { Address = IPEndPoint.Parse("10.0.0.1:5432") },
                    new EndpointOptions { Address = IPEndPoint.Parse("[2001:db8::1]:5432"), Weight = 2 },
                    new EndpointOptions { Address = new UnixDomainSocketEndPoint("/run/app.sock"), Backup = true },
                ],
                Timeouts = new UpstreamTimeouts { Connect = TimeSpan.FromMilliseconds(500) },
                Health = new HealthOptions
                {
                    Active = new ActiveHealthOptions { Type = "tcp", Interval = Seconds(2), Timeout = Seconds(1), HealthyAfter = 1, UnhealthyAfter = 5, Jitter = 0 },
                    Passive = new PassiveHealthOptions { Failures = 3, Consecutive = 7, FailureRatio = 0.4, SlowerThan = 3, Minimum = 30, Within = Seconds(10), EjectFor = Seconds(60), MaxEjected = 0.25 },
                    Panic = 0.2,
                },
                CircuitBreaker = new CircuitBreakerOptions { FailureRatio = 0.3, Minimum = 5, Within = Seconds(20), OpenFor = Seconds(60), Probes = 2 },
                SlowStart = Seconds(60),
                MaxConnections = 500,
                MaxRequests = 400,
                Concurrency = UpstreamOptions.AutoConcurrency,
                MaxPending = 20,
                PendingTimeout = Seconds(3),
            }),
            ("plain", new UpstreamOptions
            {
                Endpoints = [new EndpointOptions { Address = IPEndPoint.Parse("10.0.0.9:80") }],
                Health = new HealthOptions { Passive = null },
            })),
        Admin = new AdminOptions { Bind = [new IPEndPoint(IPAddress.Loopback, 9091), new UnixDomainSocketEndPoint("/run/lb/admin.sock")] },
        Log = new LogOptions { Level = "debug", Access = "/var/log/lb/access.json", Format = "json" },
        Transport = new TransportOptions { Kind = "epoll", Loops = 4 },
        Reload = new ReloadOptions { Watch = false },
        Shutdown = new ShutdownOptions { UnreadyFor = TimeSpan.Zero, Drain = Seconds(120) },
    }));

    [Test]
    public void Two_loads_of_one_file_are_equal()
    {
        var first = ConfigFolder.OptionsOf(Everything);
        var second = ConfigFolder.OptionsOf(Everything);

        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void Leaves_every_default_where_a_file_says_the_least()
    {
        var options = ConfigFolder.OptionsOf("""{listeners: {web: {bind: ":80", tcp: web}}, upstreams: {web: {endpoints: ["10.0.0.1:80"]}}}""");

        Assert.That(options, Is.EqualTo(new GatewayOptions
        {
            Listeners = Map(("web", new ListenerOptions { Bind = [new IPEndPoint(IPAddress.Any, 80)], Tcp = new TcpOptions("web") })),
            Upstreams = Map(("web", new UpstreamOptions { Endpoints = [new EndpointOptions { Address = IPEndPoint.Parse("10.0.0.1:80") }] })),
        }));
    }

    [TestCase("loops: 4", 4)]
    [TestCase("loops: \"4\"", 4)]
    [TestCase("loops: '4'", 4)]
    [TestCase("loops: auto", 0)]
    public void Takes_a_value_as_text_until_its_key_reads_it(string key, int loops) =>
        Assert.That(ConfigFolder.OptionsOf(Minimal + $"transport: {{{key}}}").Transport.Loops, Is.EqualTo(loops));

    [Test]
    public void Takes_off_as_a_word()
    {
        var options = ConfigFolder.OptionsOf(Minimal + "admin: {bind: off}\nlog: {access: off}\n");

        Assert.Multiple(() =>
        {
            Assert.That(options.Admin.Bind, Is.Empty);
            Assert.That(options.Log.Access, Is.EqualTo("off"));
        });
    }

    [Test]
    public void Probes_with_the_defaults_where_active_has_no_keys() =>
        Assert.That(
            ConfigFolder.OptionsOf("""{listeners: {web: {bind: ":80", tcp: web}}, upstreams: {web: {endpoints: ["10.0.0.1:80"], health: {active: {}}}}}""").Upstreams["web"].Health,
            Is.EqualTo(new HealthOptions { Active = new ActiveHealthOptions() }));

    [Test]
    public void Gives_listeners_the_defaults_of_the_file_key_by_key()
    {
        var options = ConfigFolder.OptionsOf("""
            listeners:
              nothing: {bind: ":1", tcp: web}
              some: {bind: ":2", tcp: web, timeouts: {idle: 7s}}
              back: {bind: ":3", tcp: web, timeouts: none}
              alone: {bind: ":4", tcp: web, timeouts: {connect: none}}
            upstreams: {web: {endpoints: ["10.0.0.1:80"]}}
            defaults: {timeouts: {connect: 1s, idle: 5s}}
            """).Listeners;

        Assert.Multiple(() =>
        {
            Assert.That(options["nothing"].Timeouts, Is.EqualTo(new TcpTimeouts { Connect = Seconds(1), Idle = Seconds(5) }));
            Assert.That(options["some"].Timeouts, Is.EqualTo(new TcpTimeouts { Connect = Seconds(1), Idle = Seconds(7) }));
            Assert.That(options["back"].Timeouts, Is.EqualTo(new TcpTimeouts()));
            Assert.That(options["alone"].Timeouts, Is.EqualTo(new TcpTimeouts { Idle = Seconds(5) }));
        });
    }

    [Test]
    public void Reports_an_error_in_the_defaults_once() =>
        Assert.That(ConfigFolder.ErrorsOf(Minimal + "defaults: {timeouts: {idle: x}}"), Has.Length.EqualTo(1));

    [TestCase("missing.yaml", "no such file")]
    [TestCase(".", "it is a directory")]
    [TestCase("missing/lb.yaml", "no such file")]
    public void Reports_a_file_that_cannot_be_read(string name, string reason)
    {
        using var folder = new ConfigFolder();

        var result = GatewayFile.Load(folder[name]);

        Assert.Multiple(() =>
        {
            Assert.That(result.Options, Is.Null);
            Assert.That(result.Errors.Single().ToString(), Is.EqualTo($"{folder[name]}: cannot read the file: {reason}"));
            Assert.That(result.Files, Is.EqualTo(new[] { Path.GetFullPath(folder[name]) }), "the watcher waits for it");
        });
    }

    [TestCase("", "the path is empty")]
    [TestCase("a\0b", "it is no path")]
    public void Reports_what_is_no_path(string path, string reason) =>
        Assert.That(GatewayFile.Load(path).Errors.Single().Message, Is.EqualTo($"cannot read the file: {reason}"));

    [TestCase("include: \"\\0\"", "cannot read")]
    [TestCase("log: {access: \"${file:\\0}\"}", "cannot read ?: it is no path")]
    public void Reports_a_path_inside_that_is_none(string key, string error) =>
        Assert.That(string.Join('\n', ConfigFolder.ErrorsOf(Minimal + key)), Does.Contain(error));

    [TestCase("")]
    [TestCase("# only a comment\n")]
    [TestCase("listeners:\n")]
    [TestCase("listeners: {}\n")]
    [TestCase("upstreams: {}\n")]
    public void Refuses_a_file_without_a_listener_so_that_a_half_written_one_closes_nothing(string text) =>
        Assert.That(ConfigFolder.ErrorsOf(text).Single(), Does.EndWith(": there is no listener: 'listeners' needs at least one"));

    [Test]
    public void Gives_no_options_where_there_is_an_error() => Assert.Multiple(() =>
    {
        using var folder = new ConfigFolder().With("lb.yaml", Minimal + "log: {level: loud}");
        Assert.That(folder.Load().Errors, Has.Count.EqualTo(1));
        Assert.That(folder.Load().Options, Is.Null);
    });

    [Test]
    public void Gives_the_options_beside_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Minimal + "defaults:\n");
        File.WriteAllText(folder["lb.yaml"], File.ReadAllText(folder["lb.yaml"]).Replace("upstreams:", "upstreams:\n  spare: {endpoints: \"10.0.0.2:80\"}", StringComparison.Ordinal));

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(result.Options, Is.Not.Null);
            Assert.That(folder.Lines(result.Warnings), Is.EqualTo(new[] { "lb.yaml:4:3: no listener leads to the upstream 'spare'" }));
        });
    }

    /// <summary>A file with a listener and an upstream, to which a test adds its keys.</summary>
    internal const string Minimal = """
        listeners:
          web: {bind: ":80", tcp: web}
        upstreams:
          web: {endpoints: ["10.0.0.1:80"]}

        """;

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static ValueMap<T> Map<T>(params (string Name, T Value)[] entries) => new(entries.Select(entry => KeyValuePair.Create(entry.Name, entry.Value)));
}
