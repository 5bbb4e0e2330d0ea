// Long because a connection ends in many ways, at each step of its way, and all of them have to leave the same state behind.
using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Connections;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Connections.Sniffing;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tcp;

/// <summary>
/// One client's connection from accept to its line in the log. Touched only on its loop.
/// </summary>
/// <remarks>
/// <code>
///   accepted ─► (1) track ─► (2) admit, TLS ─► (3) route ─► (4) lease an endpoint ─► (5) connect ─► (6) relay ─► (7) return the lease
///                               │                 │                ▲                      │                      (8) release, count, log, untrack
///                               │ refused         │ no route       └── next endpoint ◄────┘ fault                     ▲
///                               └─────────────────┴───────────────────────────────────────────────────────────────────┘
/// </code>
/// Until (6) no byte of the client is passed on, so another endpoint can always be tried: each at most once, and no more of them than <see cref="MostConnects"/>.
/// </remarks>
internal sealed class TcpConnection(TcpProxy proxy, EpollConnection client) : TrackedConnection
{
    /// <summary>
    /// Endpoints that are tried for one client. More would hardly help: where all are unreachable, or fail in the handshake of TLS, each client would
    /// wait for all of them, and cost each of them a handshake.
    /// </summary>
    internal const int MostConnects = 4;

    private readonly long _accepted = proxy.Time.GetTimestamp();
    private readonly EndPoint? _peer = client.RemoteEndPoint;
    private Upstream? _upstream;
    private string? _serverName;
    private TlsSession? _tls;
    private EndpointLease _lease;
    private CircuitPass _pass;
    private LoopTimer? _proof;
    private Endpoint[] _tried = [];
    private LeaseWait? _waiting;
    private ConnectAttempt? _connecting;
    private EpollSocket? _shaking;
    private Relay? _relay;
    private TimeSpan _connectTime;
    private long _connected;
    private Fault _stopped;
    private Retirement? _retirement;
    private bool _admitted;
    private bool _refused;

    /// <inheritdoc/>
    public override EventLoop Loop => client.Loop;

    // A lease whose connect failed was returned there.
    private Endpoint? LastTried => _relay is not null ? _lease.Endpoint : _tried is [.., var last] ? last : null;

    /// <summary>Serves it; completes when it has ended. Never faults: an error of this program costs this connection only.</summary>
    public async Task RunAsync()
    {
        // :: (1)
        proxy.Connections.Enter(this);
        proxy.Metrics.Opened(Loop.Index);
        var fault = new Fault(FaultSide.Internal, FaultKind.Bug);
        try
        {
            // :: (2)
            if (proxy.Policies is { } policies)
            {
                fault = await policies.AdmitAsync(client);
                _refused = fault.Failed;
                _admitted = !_refused;
                if (_stopped.Failed || fault.Failed)
                {
                    fault = _stopped.Failed ? _stopped : fault;
                    return;
                }
            }

            if (proxy.Tls is { } tls)
            {
                fault = await tls.AcceptAsync(client, proxy.Timeouts.Handshake);
                _tls = client.Cipher as TlsSession;
                _refused = fault.Failed;
                if (_stopped.Failed || fault.Failed)
                {
                    fault = _stopped.Failed ? _stopped : fault;
                    return;
                }
            }

            // :: (3)
            _upstream = proxy.Routes.Only;
            if (_upstream is null)
            {
                fault = await RouteAsync();
                if (_upstream is null)
                {
                    return;
                }
            }

            // :: (4) and (5)
            var connected = await ConnectAsync(_upstream);
            fault = connected.Fault;
            if (connected.Socket is { } endpoint)
            {
                // :: (6)
                fault = await RelayAsync(endpoint, _upstream);
            }
        }
        catch (Exception error)
        {
            proxy.OnBug(error);
        }
        finally
        {
            End(fault);
        }
    }

    /// <inheritdoc/>
    public override void Stop(Fault fault)
    {
        _stopped = fault;
        if (_relay is not null)
        {
            _relay.Stop(fault);
        }
        else
        {
            // Being admitted, routed or between endpoints: nobody waits for the connect under way any more, however long it may take.
            client.Abort();
            _waiting?.GiveUp(fault);
            _connecting?.GiveUp();
            _shaking?.Reset();
        }
    }

    /// <inheritdoc/>
    public override void StopWithdrawn(Withdrawal withdrawal, Fault fault)
    {
        if (_lease.IsOpen && withdrawal.Holds(_lease.Endpoint))
        {
            Stop(fault);
        }
    }

    /// <inheritdoc/>
    public override void Retire(Retirement retirement, TimeSpan turn)
    {
        if (_retirement is null && !Fits(retirement.Latest))
        {
            _retirement = retirement;
        }
    }

    /// <inheritdoc/>
    public override void StopRetired(Retirement retirement, Fault fault)
    {
        if (_retirement == retirement)
        {
            _retirement = null;
            if (!Fits(retirement.Latest))
            {
                retirement.CountStopped();
                Stop(fault);
            }
        }
    }

    private bool Fits(ConnectionHandler latest) => latest.StillAdmits(proxy, client.RemoteEndPoint)
        && (_upstream is null || latest is not TcpProxy { Routes: var routes } || routes.For(_serverName)?.Name == _upstream.Name);

    /// <summary>Finds the upstream by the name that the client asks for.</summary>
    private async ValueTask<Fault> RouteAsync()
    {
        var sniffed = await ServerNameSniffer.SniffAsync(client, proxy.Timeouts.Preamble);
        _serverName = sniffed.Name;
        if (_stopped.Failed || sniffed.Fault.Failed)
        {
            return _stopped.Failed ? _stopped : sniffed.Fault;
        }

        _upstream = _serverName is null ? proxy.Routes.Otherwise : proxy.Routes.Find(_serverName);
        if (_upstream is not null)
        {
            return Fault.None;
        }

        if (!sniffed.IsTls)
        {
            return new Fault(FaultSide.Client, FaultKind.ClientHelloMissing);
        }

        RefuseName();
        return new Fault(FaultSide.Client, FaultKind.NoRoute);
    }

    /// <summary>Tells the client that its name is not served, as a server would that does not know it, and closes in order.</summary>
    private void RefuseName()
    {
        if (client.TryTakeSocket() is { } socket)
        {
            // A socket that is closed with bytes unread sends RST, which would overtake the alert.
            socket.Receive(Loop.Scratch);
            socket.Send(TlsAlert.UnrecognizedName);
            client.Close();
        }
    }

    private async ValueTask<ConnectResult> ConnectAsync(Upstream upstream)
    {
        var hashKey = HashKey.OfClient(client.RemoteEndPoint);
        var last = new Fault(FaultSide.Upstream, FaultKind.NoEndpoint);
        while (true)
        {
            if (upstream.Circuit is { } circuit && !circuit.TryEnter(Loop.Index, out _pass))
            {
                // Where it opened between two endpoints, why the one that was tried failed says more.
                return new ConnectResult(null, _tried.Length > 0 ? last : new Fault(FaultSide.Upstream, FaultKind.CircuitOpen));
            }

            if (!upstream.Lease(new PickContext(hashKey, _tried), out _lease))
            {
                var refusal = await WaitAsync(upstream, hashKey, last);
                _pass.GiveBack();
                if (refusal.Failed)
                {
                    return new ConnectResult(null, refusal);
                }

                // It may have opened meanwhile, and then whoever waits leaves the endpoints alone too.
                if (upstream.Circuit is { } now && !now.TryEnter(Loop.Index, out _pass))
                {
                    _lease.Return(Fault.None);
                    return new ConnectResult(null, _tried.Length > 0 ? last : new Fault(FaultSide.Upstream, FaultKind.CircuitOpen));
                }
            }

            var began = proxy.Time.GetTimestamp();
            var result = await ConnectAttempt.StartAsync(Loop, _lease.Endpoint.Address, proxy.ConnectTimeout(upstream), out _connecting);
            _connecting = null;
            if (upstream.Tls is { } tls && result.Socket is { } connected && !_stopped.Failed)
            {
                result = await ShakeAsync(upstream, tls, connected, proxy.ConnectTimeout(upstream) - proxy.Time.GetElapsedTime(began));
            }

            _connected = proxy.Time.GetTimestamp();
            _connectTime = proxy.Time.GetElapsedTime(began, _connected);
            if (_stopped.Failed)
            {
                result.Socket?.Reset();
                return new ConnectResult(null, _stopped);
            }

            if (result.Socket is not null)
            {
                _lease.Endpoint.ConnectTimes.Record(Loop.Index, _connectTime);
                upstream.Metrics.ConnectTimes.Record(Loop.Index, _connectTime);
                _lease.Answered(Loop.Index, _connectTime);
                Connected();
                return result;
            }

            last = result.Fault;
            _tried = [.. _tried, _lease.Endpoint];
            _pass.Return(Loop.Index, last);
            _lease.Return(last);
            if (_tried.Length == MostConnects)
            {
                return new ConnectResult(null, last);
            }
        }
    }

    /// <summary>
    /// Tells the circuit breaker of a connect: sessions may last for hours. A probe is believed where the endpoint has not closed it at once, since
    /// connects to a proxy with nobody behind it succeed.
    /// </summary>
    private void Connected()
    {
        if (!_pass.IsProbe)
        {
            _pass.Answered(Loop.Index, _connected);
            return;
        }

        _proof = new LoopTimer(
            static connection => ((TcpConnection)connection)._pass.Answered(((TcpConnection)connection).Loop.Index, ((TcpConnection)connection)._connected), this);
        Loop.Schedule(_proof, Relay.EarlyCloseMs);
    }

    /// <summary>Speaks TLS with the endpoint from here on. A PROXY header goes before it, in clear.</summary>
    private async ValueTask<ConnectResult> ShakeAsync(Upstream upstream, TlsOrigination tls, EpollSocket socket, TimeSpan timeout)
    {
        if (upstream.Options.SendProxyProtocol is { } version)
        {
            // The kernel takes a header whole: it is the first that it gets.
            socket.Send(Loop.Scratch.AsSpan(0, WriteProxyHeader(version)));
        }

        _shaking = socket;
        var fault = await tls.ShakeAsync(socket, _lease.Endpoint.Address, [], timeout);
        _shaking = null;
        if (!fault.Failed)
        {
            return new ConnectResult(socket, Fault.None);
        }

        socket.Reset();
        return new ConnectResult(null, fault);
    }

    private int WriteProxyHeader(ProxyVersion version) =>
        ProxyHeaderWriter.Write(version, client.RemoteEndPoint, client.LocalEndPoint, client.ProxyTlvs, Loop.Scratch);

    /// <summary>Waits for room at an endpoint; the lease is taken when it returns <see cref="Fault.None"/>.</summary>
    /// <param name="upstream">Who has no room.</param>
    /// <param name="hashKey">The client's key.</param>
    /// <param name="last">The fault where there is nothing to wait for.</param>
    private async ValueTask<Fault> WaitAsync(Upstream upstream, ulong hashKey, Fault last)
    {
        _waiting = upstream.Wait(Loop, hashKey, _tried);
        if (_waiting is not { } wait)
        {
            return last;
        }

        // A socket with bytes of ours in its pipe is not watched: its client is missed when the wait is over.
        if (client.TryTakeSocket() is { } socket)
        {
            socket.Observe(wait);
            if (socket.IsBroken)
            {
                // It was reset while an endpoint was tried: that edge does not come again, and its place in the queue is for others.
                wait.GiveUp(new Fault(FaultSide.Client, FaultKind.Reset));
            }
        }

        var fault = await wait.EndAsync();
        _waiting = null;
        client.Observe();
        if (!fault.Failed)
        {
            _lease = wait.Lease;
        }

        return _stopped.Failed ? _stopped : fault;
    }

    private async ValueTask<Fault> RelayAsync(EpollSocket endpoint, Upstream upstream)
    {
        if (client.TryTakeSocket() is not { } socket)
        {
            endpoint.Reset();
            return new Fault(FaultSide.Internal, FaultKind.Bug);
        }

        _relay = new Relay(socket, endpoint, proxy.Timeouts, proxy.Metrics);
        try
        {
            if (upstream.Options.SendProxyProtocol is { } version && endpoint.Cipher is null)
            {
                _relay.SendFirst(Loop.Scratch.AsSpan(0, WriteProxyHeader(version)));
            }

            return await _relay.RunAsync();
        }
        finally
        {
            _relay.Close();
        }
    }

    private void End(Fault fault)
    {
        // :: (7) A lease whose connect failed was returned there.
        if (_proof is not null)
        {
            Loop.Cancel(_proof);
        }

        _pass.Return(Loop.Index, fault);
        _lease.Return(fault);

        // :: (8) Released before the socket is closed: a client that sees the end may connect again at once.
        if (_admitted)
        {
            proxy.Policies!.Release(client);
        }

        if (_relay is null)
        {
            client.Abort();
        }
        else
        {
            client.Close();
        }

        var now = proxy.Time.GetTimestamp();
        var duration = proxy.Time.GetElapsedTime(_accepted, now);
        if (_relay is not null)
        {
            _upstream!.Metrics.SessionTimes.Record(Loop.Index, proxy.Time.GetElapsedTime(_connected, now));
            proxy.Metrics.Closed(Loop.Index, fault, duration);
        }
        else
        {
            proxy.Metrics.Rejected(Loop.Index, fault.Kind, duration);
        }

        if (proxy.Log.Enabled && (!_refused || proxy.Log.MayWriteRefusal(Loop.Index)))
        {
            WriteLine(fault, duration);
        }

        proxy.Connections.Leave(this);
    }

    private void WriteLine(Fault fault, TimeSpan duration) => proxy.Log.Write(
        Loop.Index,
        new ConnectionRecord
        {
            Listener = proxy.Listener,
            Client = client.RemoteEndPoint,
            Proxy = ReferenceEquals(client.RemoteEndPoint, _peer) ? null : _peer,
            ServerName = _serverName ?? _tls?.ServerNameText,
            Tls = _tls?.Version,
            Upstream = _upstream?.Name,
            Endpoint = LastTried?.Label,
            Attempts = _tried.Length + (_relay is null ? 0 : 1),
            ConnectTime = _relay is null ? null : _connectTime,
            Duration = duration,
            ReceivedBytes = _relay?.BytesUp ?? 0,
            SentBytes = _relay?.BytesDown ?? 0,
            Fault = fault,
            Detail = _tls?.FailureText,
        });
}
