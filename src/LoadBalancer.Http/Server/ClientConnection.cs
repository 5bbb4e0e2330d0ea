using System.Net;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>A client's connection from accept to close, whatever version of HTTP it speaks: that is its <see cref="HttpSession"/>. Touched only on its loop.</summary>
/// <remarks>
/// <code>
///   accepted ─► (1) track ─► (2) admit, TLS ─► serve: a session ─► (7) release, count, untrack
///                               │ refused                           ▲
///                               └───────────────────────────────────┘
/// </code>
/// </remarks>
internal sealed class ClientConnection : TrackedConnection
{
    private readonly EndPoint? _peer;
    private readonly long _accepted;
    private readonly HttpProxy _proxy;
    private HttpSession? _session;
    private Retirement? _retirement;
    private Fault _stopped;

    /// <summary>A connection that was accepted under <paramref name="proxy"/>.</summary>
    public ClientConnection(HttpProxy proxy, EpollConnection client)
    {
        _proxy = proxy;
        Client = client;
        _peer = client.RemoteEndPoint;
        _accepted = proxy.Time.GetTimestamp();
    }

    /// <inheritdoc/>
    public override EventLoop Loop => Client.Loop;

    /// <summary>The client.</summary>
    public EpollConnection Client { get; }

    /// <summary>Its TLS; null where it has none.</summary>
    public TlsSession? Tls { get; private set; }

    /// <summary>When what has no end of its own is to end; null while the connection is not being drained.</summary>
    public TimeSpan? EndsAfter { get; private set; }

    /// <summary>True where no further request is taken.</summary>
    public bool IsFinishing => EndsAfter is not null;

    /// <summary>Serves it; completes when it has ended. Never faults: an error of this program costs this connection only.</summary>
    public async Task RunAsync()
    {
        // :: (1)
        _proxy.Connections.Enter(this);
        _proxy.Metrics.Opened(Loop.Index);
        var proxy = _proxy;
        var (fault, admitted, secured) = (new Fault(FaultSide.Internal, FaultKind.Bug), false, false);
        try
        {
            // :: (2)
            fault = proxy.Policies is { } policies ? await policies.AdmitAsync(Client) : Fault.None;
            admitted = !fault.Failed;
            if (admitted && !_stopped.Failed && proxy.Tls is { } tls)
            {
                fault = await tls.AcceptAsync(Client, proxy.Options.Timeouts.Handshake);
            }

            secured = !fault.Failed;
            if (secured && !_stopped.Failed)
            {
                Client.Observe();
                Tls = Client.Cipher as TlsSession;
                Begin(proxy.SpeaksHttp1 && Tls?.Protocol != ApplicationProtocol.Http2 ? new Http1Session(this, proxy) : new Http2Session(this, proxy));
                fault = await _session!.ServeAsync();
                if (_session is Http1Session { IsHttp2: true })
                {
                    _session.End();
                    Begin(new Http2Session(this, proxy));
                    fault = await _session.ServeAsync();
                }
            }
        }
        catch (Exception error)
        {
            proxy.OnBug(error);
        }
        finally
        {
            End(proxy, _stopped.Failed ? _stopped : fault, admitted, secured);
        }
    }

    /// <inheritdoc/>
    public override void Finish(TimeSpan turn)
    {
        EndsAfter = turn;
        _session?.Finish();
        _session?.Each(exchange => exchange.Pending?.EndAfter(turn));
    }

    /// <inheritdoc/>
    public override void Withdraw(Withdrawal withdrawal, TimeSpan turn) => Each(withdrawal, exchange => exchange.Pending!.EndAfter(turn, withdrawal));

    /// <inheritdoc/>
    public override void StopWithdrawn(Withdrawal withdrawal, Fault fault) => Each(withdrawal, exchange => exchange.GiveUp(fault));

    /// <inheritdoc/>
    public override void Retire(Retirement retirement, TimeSpan turn)
    {
        var latest = retirement.Latest;
        if (!latest.StillAdmits(_proxy, Client.RemoteEndPoint))
        {
            if (_retirement is null)
            {
                _retirement = retirement;
                Finish(turn);
            }

            return;
        }

        _session?.Each(exchange =>
        {
            if (exchange.Retirement is null && !Fits(exchange, latest))
            {
                exchange.Retirement = retirement;
                exchange.Pending?.EndAfter(turn);
            }
        });
    }

    /// <inheritdoc/>
    public override void StopRetired(Retirement retirement, Fault fault)
    {
        var latest = retirement.Latest;
        if (_retirement == retirement && !latest.StillAdmits(_proxy, Client.RemoteEndPoint))
        {
            retirement.CountStopped();
            Stop(fault);
            return;
        }

        _session?.Each(exchange =>
        {
            if (exchange.Retirement == retirement && !Fits(exchange, latest))
            {
                retirement.CountStopped();
                exchange.GiveUp(fault);
            }
        });
    }

    private static bool Fits(Exchange exchange, ConnectionHandler latest) =>
        exchange.Route is not { } route || exchange.Proxy == latest || latest is not HttpProxy http || http.Routes.Continues(route);

    /// <inheritdoc/>
    public override void Stop(Fault fault)
    {
        _stopped = fault;
        _session?.Stop(fault);
        Client.Abort();
    }

    // Rule zero: closures, because this runs once for a drain.
    private void Each(Withdrawal withdrawal, Action<Exchange> action) => _session?.Each(exchange =>
    {
        if (exchange.Pending?.Uses(withdrawal) == true)
        {
            action(exchange);
        }
    });

    private void Begin(HttpSession session)
    {
        _session = session;
        Client.HangupObserver = session;
    }

    private void End(HttpProxy proxy, Fault fault, bool admitted, bool secured)
    {
        // :: (7)
        _session?.End();
        Client.HangupObserver = null;
        if (admitted)
        {
            proxy.Policies?.Release(Client);
        }

        if (fault.Failed)
        {
            Client.Abort();
        }
        else
        {
            Client.Close();
        }

        // What was not read, or not taken, is given back.
        Client.Transport.Input.Complete();
        Client.Transport.Output.Complete();
        var duration = proxy.Time.GetElapsedTime(_accepted);
        if (secured)
        {
            proxy.Metrics.Closed(Loop.Index, fault, duration);
        }
        else
        {
            proxy.Metrics.Rejected(Loop.Index, fault.Kind, duration);
            if (proxy.Log.Enabled && proxy.Log.MayWriteRefusal(Loop.Index))
            {
                var tls = Client.Cipher as TlsSession;
                proxy.Log.Write(Loop.Index, new ConnectionRecord
                {
                    Listener = proxy.Listener,
                    Client = Client.RemoteEndPoint,
                    Proxy = ReferenceEquals(Client.RemoteEndPoint, _peer) ? null : _peer,
                    ServerName = tls?.ServerNameText,
                    Tls = tls?.Version,
                    Duration = duration,
                    Fault = fault,
                    Detail = tls?.FailureText,
                });
            }
        }

        proxy.Connections.Leave(this);
    }
}
