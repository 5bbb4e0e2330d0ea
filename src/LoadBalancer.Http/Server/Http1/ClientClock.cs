using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// The time of one client: what it has to send, and what it has to take, each by when. Touched only on its loop.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="owner">Passed to the callbacks.</param>
/// <param name="onLate">What it had to send did not come.</param>
/// <param name="onStalled">What it had to take was not taken.</param>
internal sealed class ClientClock(EventLoop loop, object owner, Action<object> onLate, Action<object> onStalled)
{
    /// <summary>For how long a body may be slower than its rate: a slow start, a stall of the network.</summary>
    private const long RateGraceMs = 5_000;

    private readonly LoopDeadline _sending = new(loop, onLate, owner);
    private LoopDeadline? _taking;
    private long _bodyBeganMs;

    /// <summary>What it is waited for.</summary>
    public ClientAct Awaits { get; private set; }

    /// <summary>Waits for <paramref name="act"/>, for at most <paramref name="ms"/>.</summary>
    public void Await(ClientAct act, long ms)
    {
        Awaits = act;
        _sending.Set(ms);
    }

    /// <summary>Waits for more of the body: for the time that the bytes so far have earned at the least rate, and for no longer silence than the bound.</summary>
    public void AwaitBody(BodyReader body, HttpOptions options)
    {
        if (Awaits != ClientAct.Body)
        {
            _bodyBeganMs = loop.NowMs;
        }

        var rate = options.Limits.BodyRate;
        var silence = (long)options.Timeouts.Body.TotalMilliseconds;
        var earned = rate > 0 ? _bodyBeganMs + RateGraceMs + (body.BytesRead * 1000 / rate) - loop.NowMs : silence;
        Await(ClientAct.Body, Math.Clamp(earned, 0, silence));
    }

    /// <summary>Waits for it to take what was sent, for at most <paramref name="time"/>.</summary>
    public void AwaitTaking(TimeSpan time)
    {
        _taking ??= new LoopDeadline(loop, onStalled, owner);
        _taking.Set(time);
    }

    /// <summary>It has taken what was sent.</summary>
    public void Taken() => _taking?.Clear();

    /// <summary>It is waited for nothing that it should send.</summary>
    public void Stop()
    {
        Awaits = ClientAct.None;
        _sending.Clear();
    }

    /// <summary>Takes its timers off the loop.</summary>
    public void End()
    {
        _sending.End();
        _taking?.End();
    }
}
