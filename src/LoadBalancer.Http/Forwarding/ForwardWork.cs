using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>What an exchange holds while it is forwarded: its attempts, and the request's body on its way. Pooled with its exchange.</summary>
internal sealed class ForwardWork(EventLoop loop) : PendingWork
{
    private readonly Stack<Attempt> _attempts = new(1);
    private ResponseHead? _spare;
    private ReplayBody? _replay;
    private bool _keeps;
    private Fault _gaveUp;
    private ValueTask<bool> _upload;

    /// <summary>The attempt at hand.</summary>
    public Attempt? Attempt { get; private set; }

    /// <summary>The attempt beside it, which is to be faster; null for none.</summary>
    public Attempt? Rival { get; private set; }

    /// <summary>What happens to the two.</summary>
    public HedgeRace Race => field ??= new HedgeRace(loop);

    /// <summary>An attempt that was answered, while another may bring a better answer: nothing of its body is read.</summary>
    public Attempt? Held { get; private set; }

    /// <summary>Of two attempts the one that was answered first, while the other may bring a better answer; null for none.</summary>
    public Attempt? Earlier { get; set; }

    /// <summary>The WebSocket that it became.</summary>
    public Tunnel? Tunnel { get; set; }

    /// <summary>The gate that it is in; null for none.</summary>
    public Gate? Gate { get; set; }

    /// <summary>The wait for the gate.</summary>
    public LeaseWait? Waiting { get; set; }

    /// <summary>When the client was last waited for, for more of the body; 0 for never.</summary>
    public long BodyCame { get; set; }

    /// <summary>When the first byte of the response can have come at the earliest: until it was read the loop may have been at work elsewhere.</summary>
    public long FirstByteSince { get; set; }

    /// <summary>The endpoints that are not tried again.</summary>
    public Endpoint[] Tried { get; set; } = [];

    /// <summary>Attempts that have ended and count as tries.</summary>
    public int Tries { get; set; }

    /// <summary>Why there is a further attempt; <see cref="RetryReason.None"/> for the first one.</summary>
    public RetryReason Reason { get; set; }

    /// <summary>How the attempt before ended, for the case that no endpoint is left.</summary>
    public Fault Last { get; set; }

    /// <summary>True for a request that may be acted on twice.</summary>
    public bool MayRepeat { get; set; }

    /// <summary>True where it was sent again because no endpoint had looked at it.</summary>
    public bool WasUnseen { get; set; }

    /// <summary>True once something of a response was passed on, or the time is over and an answer in hand is the client's: no other attempt has a say.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>Why it was given up; <see cref="Fault.None"/> where it was not.</summary>
    public Fault GaveUp => _gaveUp;

    /// <summary>True while the request's body is being sent, or was and nobody has asked how it ended.</summary>
    public bool HasUpload { get; private set; }

    /// <summary>True where the upload has ended, whichever way.</summary>
    public bool UploadHasEnded => _upload.IsCompleted;

    /// <summary>True while the client waits for the endpoint's 100 before it sends the body.</summary>
    public bool AwaitsContinue { get; set; }

    /// <summary>True while the client is waited for, for more of the body, or the turn of what has come.</summary>
    public bool AwaitsBody { get; set; }

    /// <summary>True where what is sent of the body was sent before, to another endpoint.</summary>
    public bool IsReplaying => _replay is { IsReplaying: true };

    /// <summary>True once the head of the response is there.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>True where the response does not wait for the rest of the request's body, so that the endpoint will hardly read it.</summary>
    public bool IsEarly { get; set; }

    /// <summary>True where nobody wants the rest of the request's body any more.</summary>
    public bool StopsUpload { get; set; }

    /// <inheritdoc/>
    public override bool AwaitsClient => AwaitsBody && !AwaitsContinue;

    /// <inheritdoc/>
    public override bool HasFallback => (Held ?? Earlier) is not null && !IsCommitted && !_gaveUp.Failed;

    /// <inheritdoc/>
    public override bool TakesBody => HasUpload && !UploadHasEnded && !IsEarly && !AwaitsContinue;

    /// <summary>Begins for another exchange.</summary>
    public void Begin()
    {
        (_gaveUp, Last) = (default, new Fault(FaultSide.Upstream, FaultKind.NoEndpoint));
        (Tried, Tunnel, Earlier) = ([], null, null);
        (Gate, Waiting, BodyCame, FirstByteSince) = (null, null, 0, 0);
        (Tries, Reason) = (0, RetryReason.None);
        MayRepeat = WasUnseen = IsCommitted = false;
        AwaitsContinue = AwaitsBody = IsAnswered = IsEarly = StopsUpload = false;
    }

    /// <summary>No other attempt asks <paramref name="endpoint"/>.</summary>
    public void Leave(Endpoint endpoint)
    {
        if (Array.IndexOf(Tried, endpoint) < 0)
        {
            Tried = [.. Tried, endpoint];
        }
    }

    /// <summary>Begins an attempt, whose response is the exchange's.</summary>
    public Attempt BeginAttempt(Exchange exchange)
    {
        Attempt = Take();
        Attempt.Begin(exchange.Response, Reason);
        return Attempt;
    }

    /// <summary>Begins an attempt beside the one at hand.</summary>
    public Attempt BeginRival()
    {
        Rival = Take();
        Rival.Begin(TakeSpare(), RetryReason.Hedge);
        return Rival;
    }

    /// <summary>Of the two attempts <paramref name="attempt"/> is the one that counts.</summary>
    public void Choose(Exchange exchange, Attempt attempt) => (Attempt, Rival, exchange.Response) = (attempt, null, attempt.Response);

    /// <summary>An attempt is over, and nobody refers to it any more.</summary>
    public void Return(Exchange exchange, Attempt attempt)
    {
        Attempt = Attempt == attempt ? null : Attempt;
        Rival = Rival == attempt ? null : Rival;
        Held = Held == attempt ? null : Held;
        if (attempt.Response != exchange.Response)
        {
            _spare = attempt.Response;
            _spare.Reset();
        }

        _attempts.Push(attempt);
    }

    /// <summary>The attempt at hand was answered, and waits for whether another one is answered better.</summary>
    public void Hold(Exchange exchange)
    {
        (Held, Attempt) = (Attempt, null);
        Held!.Connection!.Relax();
        exchange.Response = TakeSpare();
    }

    /// <summary>The answer that waited is the exchange's after all.</summary>
    public Attempt Resume(Exchange exchange)
    {
        _spare = exchange.Response;
        _spare.Reset();
        (Attempt, Held) = (Held, null);
        exchange.Response = Attempt!.Response;
        return Attempt;
    }

    /// <summary>Something of the response to <paramref name="attempt"/> is passed on: an attempt beside it is broken off.</summary>
    public void Commit(Attempt attempt)
    {
        IsCommitted = true;
        StopKeeping();
        (attempt == Attempt ? Rival : Attempt)?.GiveUp(Forwarder.Unwanted);
    }

    /// <inheritdoc/>
    public override void FallBack(Fault fault)
    {
        // The exchange goes on when the last of them has ended, and may be over when this returns.
        IsCommitted = true;
        var (one, other) = (Attempt == Earlier ? null : Attempt, Rival == Earlier ? null : Rival);
        one?.GiveUp(fault);
        other?.GiveUp(fault);
    }

    /// <summary>Keeps what is read of the request's body, up to <paramref name="most"/> bytes.</summary>
    public void Keep(Exchange exchange, long most)
    {
        _replay ??= new ReplayBody(exchange.Proxy.Engine.On(loop).Replays);
        _replay.Begin(exchange.RequestBody!, most);
        exchange.RequestBody = _replay;
        _keeps = true;
    }

    /// <summary>It is sent to nobody else any more: what is kept of its body is let go as soon as it is sent.</summary>
    public void StopKeeping()
    {
        if (_keeps)
        {
            _replay!.Stop();
        }
    }

    /// <summary>The request's body is kept no longer.</summary>
    public void EndKeeping(Exchange exchange)
    {
        if (exchange.RequestBody == _replay && _replay is not null)
        {
            exchange.RequestBody = _replay.End();
            _keeps = false;
        }
    }

    /// <summary>True where the whole body of the request can be sent again, or it has none.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="wasAsked">True where an endpoint was asked: then a client that has not sent its body yet is not waited for again, unless it is kept.</param>
    public bool CanReplay(Exchange exchange, bool wasAsked) =>
        exchange.RequestBody is not { } body || (body == _replay ? _replay.CanRewind : body.BytesRead == 0 && !wasAsked);

    /// <summary>Makes the body ready for another attempt.</summary>
    public void Rewind()
    {
        _replay?.Rewind();
        StopsUpload = AwaitsContinue = AwaitsBody = IsAnswered = IsEarly = false;
    }

    /// <summary>The request's body is being sent.</summary>
    public void BeginUpload(ValueTask<bool> upload)
    {
        HasUpload = true;
        _upload = upload;
    }

    /// <summary>Waits for the end of the request's body, or of the attempt to send it.</summary>
    /// <returns>True where all of it was sent.</returns>
    public ValueTask<bool> EndUploadAsync()
    {
        if (!HasUpload)
        {
            return new(true);
        }

        HasUpload = false;
        return _upload;
    }

    /// <inheritdoc/>
    public override bool Uses(Withdrawal withdrawal) => Uses(Attempt, withdrawal) || Uses(Rival, withdrawal) || Uses(Held, withdrawal);

    /// <inheritdoc/>
    public override void EndAfter(TimeSpan turn) => Tunnel?.EndAfter(turn);

    /// <inheritdoc/>
    public override void EndAfter(TimeSpan turn, Withdrawal withdrawal) => Tunnel?.EndAfter(turn, withdrawal);

    /// <inheritdoc/>
    public override void GiveUp(Fault fault)
    {
        if (!_gaveUp.Failed)
        {
            // Where there are two, the exchange goes on only when both have ended.
            var rival = Rival;
            _gaveUp = fault;
            Waiting?.GiveUp(fault);
            Attempt?.GiveUp(fault);
            rival?.GiveUp(fault);
        }
    }

    private static bool Uses(Attempt? attempt, Withdrawal withdrawal) => attempt is not null && attempt.Lease.IsOpen && withdrawal.Holds(attempt.Lease.Endpoint);

    private Attempt Take() => _attempts.TryPop(out var known) ? known : new Attempt(this, loop);

    private ResponseHead TakeSpare()
    {
        var spare = _spare ?? new ResponseHead();
        _spare = null;
        return spare;
    }
}
