using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>
/// Finds out that an endpoint is gone without a word: one that owes responses and sends nothing at all is asked for a sign of life, and given
/// up where none comes. Touched only on its loop.
/// </summary>
internal sealed class SilenceWatch
{
    /// <summary>How long the endpoint may send nothing before it is asked, and again until it is given up.</summary>
    private const long SilenceMs = 15_000;

    /// <summary>It is not asked more often than that: servers of gRPC close on who asks again within 5 minutes (gRPC proposal A8).</summary>
    private const long GapMs = 310_000;

    private readonly IHttp2Connection _connection;
    private readonly LoopDeadline _deadline;
    private long _heardMs;
    private long _owedMs = long.MaxValue;
    private long _askedMs;

    /// <summary>The watch over a connection, whose end it brings about as if it were broken.</summary>
    public SilenceWatch(IHttp2Connection connection)
    {
        _connection = connection;
        _heardMs = connection.Loop.NowMs;
        _deadline = new LoopDeadline(connection.Loop, static watch => ((SilenceWatch)watch).Look(), this);
    }

    /// <summary>
    /// True where nothing at all has come for as long as the endpoint is given before it is asked, counted from the first request that was sent
    /// since. It may not be asked again so soon, and be well; but whoever comes has better chances elsewhere.
    /// </summary>
    public bool IsDoubtful => _connection.Loop.NowMs - _owedMs >= SilenceMs;

    /// <summary>Something has come.</summary>
    public void Heard() => (_heardMs, _owedMs) = (_connection.Loop.NowMs, long.MaxValue);

    /// <summary>A request is sent.</summary>
    public void Owed() => _owedMs = Math.Min(_owedMs, _connection.Loop.NowMs);

    /// <summary>A response is owed.</summary>
    public void Begin()
    {
        if (!_deadline.IsSet)
        {
            _deadline.Set(SilenceMs);
        }
    }

    /// <summary>None is owed any more.</summary>
    public void Rest() => _deadline.Clear();

    /// <summary>Lets go of its timer.</summary>
    public void End() => _deadline.End();

    private void Look()
    {
        var now = _connection.Loop.NowMs;
        if (_askedMs > _heardMs)
        {
            _connection.OnBroken();
            return;
        }

        var wait = Math.Max(_heardMs + SilenceMs, _askedMs == 0 ? 0 : _askedMs + GapMs) - now;
        if (wait <= 0)
        {
            _askedMs = now;
            _connection.Output.WriteFrame(FrameKind.Ping, FrameFlags.None, 0, "are you?"u8);
            wait = SilenceMs;
        }

        _deadline.Set(wait);
    }
}
