using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>One try of an exchange against one endpoint: the lease, and the wait, connect or connection at hand. Pooled with its exchange. Touched only on its loop.</summary>
internal sealed class Attempt(ForwardWork work, EventLoop loop)
{
    private LoopDeadline? _deadline;
    private TimeSpan _time;
    private ValueTask<Fault> _course;

    /// <summary>The right to use the endpoint.</summary>
    public EndpointLease Lease;

    /// <summary>The leave of the upstream's circuit breaker.</summary>
    public CircuitPass Pass;

    /// <summary>The wait for room at an endpoint.</summary>
    public LeaseWait? Waiting { get; set; }

    /// <summary>The wait for room for another connection to the endpoint.</summary>
    public RoomWait? Rooming { get; set; }

    /// <summary>The connect under way.</summary>
    public ConnectAttempt? Connecting { get; set; }

    /// <summary>The wait for a stream of HTTP/2 to an endpoint.</summary>
    public Http2SessionWait? Opening { get; set; }

    /// <summary>True while it waits for room at the endpoint that <c>max_connections</c> denies it: for lb, and not for the endpoint.</summary>
    public bool WaitsForRoom => Rooming is not null || Opening is { IsPending: true };

    /// <summary>The socket on which TLS is being agreed on.</summary>
    public EpollSocket? Shaking { get; set; }

    /// <summary>The connection or stream in use.</summary>
    public AttemptCarrier? Connection { get; set; }

    /// <summary>Where the head of its response goes.</summary>
    public ResponseHead Response { get; private set; } = null!;

    /// <summary>Why there is this attempt; <see cref="RetryReason.None"/> for the first one.</summary>
    public RetryReason Reason { get; private set; }

    /// <summary>Whom it asks; null where there was nobody.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>When the endpoint was leased; 0 for never.</summary>
    public long Leased { get; set; }

    /// <summary>When a connection to it was there; 0 for never.</summary>
    public long Connected { get; set; }

    /// <summary>When the first byte of its response was there; 0 for never.</summary>
    public long FirstByte { get; private set; }

    /// <summary>When the first byte can have come at the earliest: until <see cref="FirstByte"/> the loop may have been at work elsewhere.</summary>
    public long FirstByteSince { get; private set; }

    /// <summary>False where the request's body was not sent to its end: then nobody can tell where the next request on the connection begins.</summary>
    public bool SentWhole { get; set; }

    /// <summary>Why it was given up; <see cref="Fault.None"/> where it was not.</summary>
    public Fault GaveUp { get; private set; }

    /// <summary>True where the endpoint answered that it cannot serve.</summary>
    public bool IsBad => Response.Status is 502 or 503 or 504;

    /// <summary>Begins for another try, whose response goes to <paramref name="response"/>.</summary>
    public void Begin(ResponseHead response, RetryReason reason)
    {
        (Response, Reason, Endpoint) = (response, reason, null);
        Lease = default;
        Pass = default;
        GaveUp = default;
        Waiting = null;
        Rooming = null;
        Connecting = null;
        Opening = null;
        Shaking = null;
        Connection = null;
        Leased = Connected = FirstByte = FirstByteSince = 0;
        SentWhole = true;
    }

    /// <summary>It runs beside another one: see <see cref="EndAsync"/>.</summary>
    public void Run(ValueTask<Fault> course) => _course = course;

    /// <summary>The end of one that runs beside another; awaited once.</summary>
    public ValueTask<Fault> EndAsync() => _course;

    /// <summary>It ends unless its response's head is there in time: see <see cref="Answered"/>.</summary>
    public void Expect(TimeSpan time)
    {
        _time = time;
        _deadline ??= new LoopDeadline(loop, static owner => ((Attempt)owner).OnDeadline(), this);
        _deadline.Set(time);
    }

    /// <summary>The first byte of its response is there.</summary>
    public void Begins(long now) => (FirstByte, FirstByteSince) = (now, Math.Min(now, loop.Meter.NewsSince));

    /// <summary>The head of its response is there, or will not come.</summary>
    public void Answered() => _deadline?.Clear();

    /// <summary>The answer that is passed on counts for the endpoint now, however long its body may last; not one of those that say that it cannot serve.</summary>
    /// <param name="took">How long it was waited for.</param>
    public void Count(TimeSpan took)
    {
        if (!IsBad)
        {
            Pass.Answered(loop.Index, FirstByte);
            Lease.Answered(loop.Index, took);
        }
    }

    /// <summary>Another attempt was answered that had begun later, and this one not at all: as slow as that its endpoint is, or slower. Before it is ended.</summary>
    /// <param name="time">The clock.</param>
    public void Outrun(TimeProvider time)
    {
        // Whoever has begun to answer is heard.
        if (Endpoint is not null && !WaitsForRoom && FirstByte == 0)
        {
            Lease.Outrun(loop.Index, time.GetElapsedTime(Connected == 0 ? Leased : Connected));
        }
    }

    /// <summary>Gives back what it has of the upstream, with how it ended; without a fault and without an answer nothing can be said.</summary>
    /// <param name="fault">How it ended.</param>
    /// <param name="isRepeat">True where its connection has ended with others on it, one of which has told of that.</param>
    public void Return(Fault fault, bool isRepeat)
    {
        // An endpoint that says that it cannot serve is held to that, be the exchange whole or not.
        var outcome = !fault.Failed && IsBad ? new Fault(FaultSide.Upstream, FaultKind.BadStatus) : fault;
        if (Leased == 0 || (!outcome.Failed && Response.Status == 0))
        {
            Pass.GiveBack();
        }

        Pass.Return(loop.Index, outcome);

        // Last: whoever waited for its room is to find the circuit as this leaves it.
        Lease.Return(outcome, isRepeat);
    }

    /// <summary>Ends it because of <paramref name="fault"/>; whoever waits goes on inline. The first reason stays.</summary>
    public void GiveUp(Fault fault)
    {
        if (GaveUp.Failed)
        {
            return;
        }

        GaveUp = fault;
        Waiting?.GiveUp(fault);
        Rooming?.GiveUp(fault);
        Connecting?.GiveUp();
        Opening?.GiveUp(fault);
        Shaking?.Reset();
        Connection?.Abort();
    }

    private void OnDeadline()
    {
        if (work.AwaitsClient)
        {
            // The client is slow, and not the endpoint.
            _deadline!.Set(_time);
        }
        else
        {
            GiveUp(new Fault(FaultSide.Upstream, Connection is null ? FaultKind.ConnectTimeout : FaultKind.FirstByteTimeout, Retryable: Connection is null));
        }
    }
}
