using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The way of one attempt to its endpoint: HTTP/1.1 on a connection of its own, or a stream of HTTP/2. Touched only on its loop.
/// </summary>
internal abstract class AttemptCarrier
{
    /// <summary>Interim responses that one response may have; more are a flood.</summary>
    private const int MostInterim = 16;

    private readonly LoopDeadline _deadline;
    private TimeSpan? _time;
    private FaultKind _onDeadline;
    private int _holds;

    /// <summary>One on <paramref name="loop"/>.</summary>
    protected AttemptCarrier(EventLoop loop) => _deadline = new LoopDeadline(loop, static carrier => ((AttemptCarrier)carrier).OnDeadline(), this);

    /// <summary>The body of the response; after <see cref="StartResponseBody"/>.</summary>
    public abstract BodyReader ResponseBody { get; }

    /// <summary>The body of the request; once it was asked.</summary>
    public abstract BodyWriter RequestBody { get; }

    /// <summary>True where the connection has served a request before: then the endpoint may have closed it meanwhile.</summary>
    public abstract bool WasUsed { get; }

    /// <summary>True where the endpoint has not looked at the request and said so, or was not even sent it.</summary>
    public virtual bool IsUntouched => false;

    /// <summary>True where other exchanges are on the same connection.</summary>
    public virtual bool IsShared => false;

    /// <summary>True once the head of the request is on its way.</summary>
    public virtual bool IsSent => true;

    /// <summary>True where the connection was reset, rather than closed in order.</summary>
    public abstract bool WasReset { get; }

    /// <summary>True where the response ended by the end of the stream, and TLS says that somebody else may have brought that about (RFC 9112 section 9.8).</summary>
    public virtual bool WasCutOff => false;

    /// <summary>True where it ended with its connection, and another attempt on that has been blamed already; asked once.</summary>
    public virtual bool IsOneOfMany() => false;

    /// <summary>Which deadline ended it; <see cref="FaultKind.None"/> where none did.</summary>
    public FaultKind TimedOut { get; protected set; }

    /// <summary>
    /// Sends the request of <paramref name="exchange"/>, and reads the head of the response into that of <paramref name="attempt"/>. The request's
    /// body may still be on its way when this returns.
    /// </summary>
    public abstract ValueTask<Fault> AskAsync(Exchange exchange, ForwardWork work, Attempt attempt, UpstreamOptions options, TimeProvider time);

    /// <summary>
    /// True for a response that is whole, or soon will be, or behind which the endpoint closes, while the request's body still comes: a refusal. One
    /// that is made while the body is read has no such length.
    /// </summary>
    public abstract bool IsEarly(ResponseHead head);

    /// <summary>Begins with the body of the response, whose head says how it ends.</summary>
    public abstract void StartResponseBody(ResponseHead head);

    /// <summary>Waits a moment for the rest of a body that is about to come, so that it is passed on in one write. It may do nothing.</summary>
    public abstract ValueTask GatherAsync();

    /// <summary>Ends the attempt with <paramref name="fault"/> unless <see cref="Relax"/> or another call comes within <paramref name="time"/>.</summary>
    public void Expect(TimeSpan time, FaultKind fault)
    {
        if (!IsClosed)
        {
            (_time, _onDeadline) = (time, fault);
            if (_holds == 0)
            {
                _deadline.Set(time);
            }
        }
    }

    /// <summary>Nothing is expected of the endpoint.</summary>
    public void Relax()
    {
        _time = null;
        _deadline.Clear();
    }

    /// <summary>Bytes of the exchange wait for their caller's bandwidth, which is nobody's silence: until <see cref="Unhold"/>, as often, no time of the endpoint's runs.</summary>
    public void Hold()
    {
        _holds++;
        _deadline.Clear();
    }

    /// <summary>They wait no longer: what is expected of the endpoint has its whole time. Nothing where it has ended meanwhile, and with it every <see cref="Hold"/>.</summary>
    public void Unhold()
    {
        if (_holds > 0 && --_holds == 0 && _time is { } time && !IsClosed)
        {
            _deadline.Set(time);
        }
    }

    /// <summary>The attempt is over, request and response were whole: what carried it is free for another, for at most <paramref name="idleAtMost"/>.</summary>
    /// <param name="idleAtMost">How long a connection lies idle before it is closed.</param>
    /// <param name="keepsAlive">False where the connection is not used again.</param>
    public abstract void Park(TimeSpan idleAtMost, bool keepsAlive);

    /// <summary>The attempt is over before its end: nobody reads or writes it any more. It may have been broken off before.</summary>
    public abstract void Close();

    /// <summary>Nobody refers to it any more, after <see cref="Park"/> or <see cref="Close"/>.</summary>
    public virtual void Release()
    {
    }

    /// <summary>Breaks it off; a pending read or flush completes.</summary>
    public abstract void Abort();

    /// <summary>True where the attempt is over: nothing is expected any more.</summary>
    protected abstract bool IsClosed { get; }

    /// <summary>Takes the timer off the loop.</summary>
    protected void EndDeadline()
    {
        (_time, _holds) = (null, 0);
        _deadline.End();
    }

    /// <summary>What was expected has not come: <see cref="TimedOut"/>, where it is a fault, says what.</summary>
    protected abstract void OnLate(FaultKind fault);

    /// <summary>Why there is no response, after the endpoint ended without one.</summary>
    protected Fault Ended() => new(
        FaultSide.Upstream, TimedOut != FaultKind.None ? TimedOut : WasReset ? FaultKind.Reset : FaultKind.ResponseTruncated);

    /// <summary>Passes an interim response on that is in <see cref="Attempt.Response"/>, which is empty afterwards. From here on no other attempt has a say.</summary>
    /// <param name="exchange">Whose response it is.</param>
    /// <param name="work">What it holds.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="options">The upstream's.</param>
    /// <param name="count">How many it is, from 1.</param>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    protected async ValueTask<Fault> PassInterimAsync(Exchange exchange, ForwardWork work, Attempt attempt, UpstreamOptions options, int count)
    {
        if (count > MostInterim)
        {
            return new Fault(FaultSide.Upstream, FaultKind.ResponseInvalid);
        }

        work.Commit(attempt);
        var mayGoOn = work.AwaitsContinue && attempt.Response.Status == 100;
        ResponseFields.Prepare(attempt.Response);
        if (!await exchange.Carrier.SendInterimAsync(attempt.Response))
        {
            return work.GaveUp.Failed ? work.GaveUp : new Fault(FaultSide.Client, FaultKind.ClientClosed);
        }

        attempt.Response.Reset();
        if (mayGoOn && work.AwaitsContinue)
        {
            work.AwaitsContinue = false;
            exchange.Carrier.ExpectBody();
        }

        if (work.AwaitsClient)
        {
            Relax();
        }
        else
        {
            Expect(options.Timeouts.FirstByte, FaultKind.FirstByteTimeout);
        }

        return Fault.None;
    }

    private void OnDeadline()
    {
        _time = null;
        OnLate(_onDeadline);
    }
}
