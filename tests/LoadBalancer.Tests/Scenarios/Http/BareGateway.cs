using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Daemon.Tests.Reloading;
using LoadBalancer.Http;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// The parts of a daemon with one HTTP listener called web, on loops of this process, so that a test sees what they hold: leases, exchanges,
/// connections to endpoints, buffers and timers. What is given out has to come back, see <see cref="Settle"/>.
/// </summary>
internal sealed class BareGateway : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LoopLog _lines;
    private readonly TlsTerminationBuilder _terminations;
    private readonly ActivatedSockets _activated;
    private readonly SocketTable _sockets;
    private readonly Reloader _reloader;
    private readonly List<Exception> _bugs = [];

    private BareGateway(int loops, Func<string, LogDestination> access, TimeProvider time)
    {
        Loops = new LoopGroup(loops, time, (_, error) => OnBug(error), _ => { });
        _lines = new LoopLog(loops, access(_folder["access.json"]), TimeProvider.System, LogSink.Silent);
        _activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        _sockets = new SocketTable(Loops, _activated);
        var context = new BuildContext
        {
            Time = time,
            Loops = loops,
            Seeds = new Random(1),
            Connections = new EpollTransport(Loops, TimeSpan.FromSeconds(5)),
            OnBug = OnBug,
        };
        Engine = new HttpEngine(Loops.Loops, Http2Reports.Enqueue);
        var proxies = new HttpProxyBuilder
        {
            Engine = Engine,
            Context = context,
            AccessLog = new AccessLog(_lines, context.Time),
            Log = new ConnectionLog(_lines, context.Time),
            IsReady = () => true,
        };
        _terminations = Terminations.On(Loops);
        var builder = new SnapshotBuilder(Loops, _sockets, context, proxies, _terminations, new ConnectionLog(_lines, context.Time), LogSink.Silent, CancellationToken.None);
        _reloader = new Reloader(Path, _ => null, builder, new ConfigHistory(null, LogSink.Silent), TimeProvider.System, LogSink.Silent);
    }

    /// <summary>The loops.</summary>
    public LoopGroup Loops { get; }

    /// <summary>Connections with endpoints that were ended for an error.</summary>
    public ConcurrentQueue<Http2Report> Http2Reports { get; } = new();

    /// <summary>What HTTP keeps on them.</summary>
    public HttpEngine Engine { get; }

    /// <summary>The answers that are kept; null where no route keeps any.</summary>
    public CacheStore? Kept => _reloader.Snapshot.Cache;

    /// <summary>The keys of the issuer of the one provider that there is.</summary>
    public JwksSource IssuerKeys => _reloader.Snapshot.Providers.Providers.Single().IssuerKeys!;

    /// <summary>What runs.</summary>
    public Snapshot Snapshot => _reloader.Snapshot;

    /// <summary>The listener.</summary>
    public Listener Listener => _reloader.Snapshot.Listeners["web"];

    /// <summary>Where it accepts.</summary>
    public EndPoint Address => Listener.Addresses.First();

    /// <summary>The upstreams by name.</summary>
    public IReadOnlyDictionary<string, Upstream> Upstreams => _reloader.Snapshot.Upstreams;

    /// <summary>The access log, where it goes to a file.</summary>
    public string AccessPath => _folder["access.json"];

    private string Path => _folder["lb.yaml"];

    /// <summary>A gateway that serves.</summary>
    /// <param name="http">What stands behind <c>http:</c>, in one line.</param>
    /// <param name="upstreams">What stands behind <c>upstreams:</c>, in one line.</param>
    /// <param name="loops">Its loops.</param>
    /// <param name="access">Where the access log goes; nowhere if not given.</param>
    /// <param name="time">The clock of its time bounds; the system's if not given.</param>
    public static async Task<BareGateway> StartAsync(string http, string upstreams, int loops = 2, Func<string, LogDestination>? access = null, TimeProvider? time = null)
    {
        var gateway = new BareGateway(loops, access ?? (_ => LogDestination.Off), time ?? TimeProvider.System);
        gateway.Write(http, upstreams);
        var loaded = GatewayFile.Load(gateway.Path);
        Assert.That(loaded.Errors, Is.Empty);
        await gateway._reloader.StartAsync(loaded);
        return gateway;
    }

    /// <summary>A gateway that leads everything to one endpoint.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="keys">Further keys of the upstream, each with a comma in front.</param>
    /// <param name="http">Further keys of <c>http</c>, each with a comma in front.</param>
    public static Task<BareGateway> ToAsync(HttpEndpoint endpoint, string keys = "", string http = "") =>
        StartAsync($"{{upstream: up{http}}}", $"{{{HttpGateway.Upstream("up", keys, endpoint)}}}");

    /// <summary>Another configuration.</summary>
    public async Task ReloadAsync(string http, string upstreams)
    {
        Write(http, upstreams);
        Assert.That((await _reloader.ReloadAsync(new ReloadRequest(ReloadCause.Signal))).Errors, Is.Empty);

        // What follows runs on the stack of the reload, which holds what ran before it: it begins on another.
        await Task.Yield();
    }

    /// <summary>A reference to the configuration in force that does not keep it alive.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public WeakReference WeakHandler() => new(Listener.Handler);

    /// <summary>A connection of a client, which speaks what the fixture is about: see <see cref="IOverCarriers"/>.</summary>
    public HttpWire Connect() => IOverCarriers.Connect(Loopback.Connect(Address));

    /// <summary>A connection of a client that speaks HTTP/2.</summary>
    public Http2Wire Connect2(params (SettingId Id, int Value)[] settings) => new(Loopback.Connect(Address), settings);

    /// <summary>One request on a connection of its own.</summary>
    public HttpMessage Get(string target, string fields = "", string host = "test")
    {
        using var client = Connect();
        return client.Get(target, fields, host).ReadResponse();
    }

    /// <summary>Leases that are out.</summary>
    public int Leases => Upstreams.Values.Sum(upstream => upstream.View.All.Sum(each => each.Endpoint.Load.Active));

    /// <summary>What is given out at this moment.</summary>
    public async Task<Inside> LookAsync()
    {
        var seen = new Inside(Listener.Connections.Count, Leases, 0, 0, 0, 0, 0, 0);
        foreach (var loop in Loops.Loops.ToArray())
        {
            await loop.RunAsync(
                _ =>
                {
                    var http = Engine.On(loop);
                    seen = seen with
                    {
                        Exchanges = seen.Exchanges + http.Exchanges.Rented,
                        InUse = seen.InUse + http.Upstreams.Open - http.Upstreams.Idle,
                        Idle = seen.Idle + http.Upstreams.Idle,
                        Small = seen.Small + loop.SmallBlocks.Rented,
                        Rented = seen.Rented + loop.Blocks.Rented + loop.LargeBlocks.Rented + loop.Pipes.Rented,
                        Timers = seen.Timers + loop.TimerCount,
                    };
                },
                null);
        }

        return seen;
    }

    /// <summary>Waits until everything has come back: the clients have to be gone, and connections to endpoints may lie idle.</summary>
    public void Settle()
    {
        Assert.That(
            () => LookAsync().Result with { Idle = 0, Timers = 0 }, Is.EqualTo(default(Inside)).After(Loopback.TimeoutMs, 5), "connections, leases, exchanges, buffers");
        lock (_bugs)
        {
            Assert.That(_bugs, Is.Empty);
        }
    }

    /// <summary>As <see cref="Settle"/>, and that no connection to an endpoint is open and no timer due: the endpoints have to be gone, or their connections be kept for a short time only.</summary>
    public void SettleAll()
    {
        Settle();
        Assert.That(() => LookAsync().Result, Is.EqualTo(default(Inside)).After(Loopback.TimeoutMs, 5), "connections to endpoints, timers");
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_sockets.Open.Values.Select(socket => socket.CloseAsync()));
        foreach (var upstream in Upstreams.Values)
        {
            await upstream.DisposeAsync();
        }

        _reloader.Dispose();
        _activated.Dispose();
        _lines.Dispose();
        _terminations.Dispose();
        Loops.Dispose();
        _folder.Dispose();
        Assert.That(_bugs, Is.Empty);
    }

    private void OnBug(Exception error)
    {
        lock (_bugs)
        {
            _bugs.Add(error);
        }
    }

    private void Write(string http, string upstreams) => File.WriteAllText(Path, HttpGateway.Text(http, upstreams));

    /// <summary>What is given out, over all loops.</summary>
    /// <param name="Connections">Clients' connections.</param>
    /// <param name="Leases">Leases of endpoints.</param>
    /// <param name="Exchanges">Exchanges.</param>
    /// <param name="InUse">Connections to endpoints that are in use.</param>
    /// <param name="Idle">Connections to endpoints that lie idle.</param>
    /// <param name="Small">Small buffers.</param>
    /// <param name="Rented">All other buffers.</param>
    /// <param name="Timers">Timers.</param>
    internal readonly record struct Inside(int Connections, int Leases, int Exchanges, int InUse, int Idle, int Small, int Rented, int Timers);
}
