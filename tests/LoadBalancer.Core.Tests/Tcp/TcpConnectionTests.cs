using System.Net;
using System.Net.Sockets;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests.Connections;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tests.Upstreams;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Tcp;

/// <summary>The connection policies in the life of a connection.</summary>
internal sealed class TcpConnectionTests : UpstreamFixture
{
    private static readonly Fault Denied = new(FaultSide.Client, FaultKind.AddressDenied);

    private readonly List<string> _calls = [];
    private ListenerMetrics _metrics = null!;
    private TestLoops _loops = null!;
    private LoopLog _lines = null!;
    private ConnectionLog _connectionLog = null!;
    private Socket _endpoint = null!;
    private ConnectionTable _table = null!;
    private ScriptedPolicy _policy = null!;
    private EpollListener _listener = null!;

    [SetUp]
    public void Listen()
    {
        _calls.Clear();
        _metrics = new ListenerMetrics("all", loops: 1);
        _loops = new TestLoops();
        _lines = new LoopLog(1, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        _connectionLog = new ConnectionLog(_lines, TimeProvider.System);
        _endpoint = Loopback.Listen();
        _table = new ConnectionTable(_loops.Group.Loops, onRoom: () => { });
        _policy = new ScriptedPolicy("policy", _calls);
        Listen(new UpstreamOptions { Endpoints = [new EndpointOptions { Address = _endpoint.LocalEndPoint! }] });
    }

    [TearDown]
    public async Task Close()
    {
        await _listener.CloseAsync();
        _endpoint.Dispose();
        _loops.Dispose();
        _lines.Dispose();
    }

    [Test]
    public async Task One_that_a_policy_refuses_is_reset_and_counted_and_reaches_no_endpoint()
    {
        _policy.Answer = _ => new ValueTask<Fault>(Denied);
        using var client = Loopback.Connect(_listener.Address);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        await _loops.Run(() => { });
        Assert.Multiple(() =>
        {
            Assert.That(_metrics.RejectedFor(Denied.Kind), Is.EqualTo(1));
            Assert.That((_table.Count, _metrics.Active), Is.EqualTo((0, 0)));
            Assert.That(_endpoint.Poll(0, SelectMode.SelectRead), Is.False, "somebody connected to the endpoint");
            Assert.That(_calls, Is.EqualTo(new[] { "policy asked" }));
        });
    }

    [Test]
    public async Task One_that_is_let_pass_is_released_once_when_it_has_ended()
    {
        using (var client = Loopback.Connect(_listener.Address))
        {
            using var served = _endpoint.Accept();
            Assert.That(_calls, Is.EqualTo(new[] { "policy asked" }));
        }

        await _table.WhenEmptyAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(_calls, Is.EqualTo(new[] { "policy asked", "policy released" }));
    }

    [Test]
    public async Task One_that_no_endpoint_takes_is_released_too()
    {
        _endpoint.Dispose();
        using var client = Loopback.Connect(_listener.Address);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        await _loops.Run(() => { });
        Assert.That(_calls, Is.EqualTo(new[] { "policy asked", "policy released" }));
    }

    [Test]
    public async Task A_drain_ends_one_that_a_policy_still_waits_for()
    {
        _policy.Answer = async client =>
        {
            client.Observe();
            return (await client.Transport.Input.ReadAsync()).IsCompleted ? Denied : Fault.None;
        };
        using var client = Loopback.Connect(_listener.Address);
        Assert.That(SpinWait.SpinUntil(() => _table.Count == 1, TimeSpan.FromSeconds(30)), Is.True);
        await _table.StopAllAsync(new Fault(FaultSide.Internal, FaultKind.Drained));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((_table.Count, _metrics.RejectedFor(FaultKind.Drained), _metrics.RejectedFor(Denied.Kind)), Is.EqualTo((0, 1, 0)));
    }

    [Test]
    public async Task One_that_was_reset_while_an_endpoint_was_tried_does_not_wait_for_room_at_another()
    {
        await _listener.CloseAsync();
        using var silent = new FullBacklog();
        var upstream = Listen(new UpstreamOptions
        {
            Endpoints = [new EndpointOptions { Address = silent.Address, Weight = 256 }, new EndpointOptions { Address = _endpoint.LocalEndPoint! }],
            MaxConnections = 1,
            PendingTimeout = TimeSpan.FromHours(1),
            Timeouts = new UpstreamTimeouts { Connect = TimeSpan.FromMilliseconds(500) },
        });
        upstream.Start();
        var full = upstream.View.All.Single(member => member.Endpoint.Address.Equals(_endpoint.LocalEndPoint)).Endpoint.Lease();
        using (var client = Loopback.Connect(_listener.Address))
        {
            Assert.That(SpinWait.SpinUntil(() => upstream.View.All[0].Endpoint.Load.Active == 1, TimeSpan.FromSeconds(30)), Is.True);
            client.LingerState = new LingerOption(true, 0);
        }

        Assert.That(SpinWait.SpinUntil(() => _metrics.RejectedFor(FaultKind.Reset) == 1, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That((_table.Count, upstream.Pending.Count, upstream.View.All[0].Endpoint.Load.Active), Is.EqualTo((0, 0, 0)));
        full.Return(Fault.None);
        await upstream.DisposeAsync();
    }

    [Test]
    public async Task No_client_is_the_reason_for_more_connects_than_a_few()
    {
        var upstream = await ListenAnew(new UpstreamOptions
        {
            Endpoints = [.. Enumerable.Range(0, 10).Select(_ => new EndpointOptions { Address = Loopback.Refusing() })],
            Health = new() { Passive = null },
        });
        using (var client = Loopback.Connect(_listener.Address))
        {
            Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }

        await _loops.Run(() => { });
        Assert.That(upstream.View.All.Select(member => member.Endpoint.Load.Leased), Has.Exactly(TcpConnection.MostConnects).EqualTo(1).And.Exactly(10 - TcpConnection.MostConnects).EqualTo(0));
    }

    [Test]
    public async Task Who_waited_for_room_while_the_circuit_opened_reaches_nobody()
    {
        var upstream = await ListenAnew(new UpstreamOptions
        {
            Endpoints = [new EndpointOptions { Address = _endpoint.LocalEndPoint! }],
            MaxConnections = 1,
            CircuitBreaker = new() { Minimum = 1, FailureRatio = 0.01 },
            Health = new() { Passive = null },
        });
        upstream.Start();
        Assert.That(upstream.Circuit!.TryEnter(0, out var pass), Is.True);
        var full = upstream.View.All[0].Endpoint.Lease();
        using var client = Loopback.Connect(_listener.Address);
        Assert.That(() => upstream.Pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        pass.Return(0, Refused);
        full.Return(Fault.None);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(() => _metrics.RejectedFor(FaultKind.CircuitOpen), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        Assert.That((upstream.Pending.Count, upstream.View.All[0].Endpoint.Load.Active), Is.EqualTo((0, 0)));
        await upstream.DisposeAsync();
    }

    [Test]
    public async Task Connects_that_fail_open_the_circuit_and_the_next_client_reaches_nobody()
    {
        var refusing = _endpoint.LocalEndPoint!;
        var upstream = await ListenAnew(new UpstreamOptions { Endpoints = [new EndpointOptions { Address = refusing }], CircuitBreaker = new() { Minimum = 3 } });
        _endpoint.Dispose();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            using var client = Loopback.Connect(_listener.Address);
            Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
            await _loops.Run(() => { });
        }

        Assert.That((_metrics.RejectedFor(FaultKind.ConnectRefused), _metrics.RejectedFor(FaultKind.CircuitOpen)), Is.EqualTo((3, 1)));
        Assert.That((upstream.Circuit!.State, upstream.Circuit.Refused, upstream.View.All[0].Endpoint.Load.Leased), Is.EqualTo((CircuitState.Open, 2, 3)), "the third connection had one more attempt to make");
    }

    [Test]
    public async Task A_probe_is_believed_when_the_endpoint_has_not_closed_it_at_once()
    {
        var upstream = await ListenAnew(new UpstreamOptions
        {
            Endpoints = [new EndpointOptions { Address = _endpoint.LocalEndPoint! }],
            CircuitBreaker = new() { Minimum = 3, Probes = 1 },
            Health = new() { Passive = null },
        });
        var circuit = upstream.Circuit!;
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            // The fourth is the probe.
            Time.Advance(attempt == 4 ? upstream.Options.CircuitBreaker!.OpenFor : TimeSpan.Zero);
            using var client = Loopback.Connect(_listener.Address);
            using (_endpoint.Accept())
            {
            }

            Assert.That(client.Receive(new byte[1]), Is.Zero);
            client.Close();
            Assert.That(SpinWait.SpinUntil(() => _table.Count == 0, TimeSpan.FromSeconds(30)), Is.True);
        }

        Assert.That((circuit.State, circuit.Openings, circuit.Reason), Is.EqualTo((CircuitState.Open, 2, "a probe failed: early_close")));
        Time.Advance(upstream.Options.CircuitBreaker!.OpenFor);
        using var lasting = Loopback.Connect(_listener.Address);
        using var served = _endpoint.Accept();
        Assert.That(SpinWait.SpinUntil(() => circuit.State == CircuitState.Closed, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(_table.Count, Is.EqualTo(1), "and the session goes on");
    }

    private async Task<Upstream> ListenAnew(UpstreamOptions options)
    {
        await _listener.CloseAsync();
        return Listen(options, Time);
    }

    private Upstream Listen(UpstreamOptions options, TimeProvider? time = null)
    {
        var upstream = new Upstream("all", options, previous: null, Context);
        var proxy = new TcpProxy
        {
            Listener = "all",
            Routes = new TcpRouteTable(upstream),
            Timeouts = new TcpTimeouts(),
            Policies = new ConnectionPolicyChain(ConnectionPolicyOptions.None, _policy),
            Connections = _table,
            Metrics = _metrics,
            Log = _connectionLog,
            Time = time ?? TimeProvider.System,
            OnBug = error => Assert.Fail(error.ToString()),
        };
        _listener = EpollListener.Bind(_loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(proxy.Serve));
        _listener.Start();
        return upstream;
    }
}
