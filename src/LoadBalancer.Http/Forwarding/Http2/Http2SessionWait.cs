using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>An exchange that waits for a stream to an endpoint. Touched only on its loop.</summary>
/// <param name="line">Where it waits.</param>
/// <param name="upstream">Whose endpoint it is.</param>
/// <param name="importance">Who is served first.</param>
/// <param name="leaves">Looks for another endpoint where this one is full; true where it has one. Null where none is ever full.</param>
internal sealed class Http2SessionWait(Http2SessionLine line, Upstream upstream, Importance importance, Func<bool>? leaves) : IValueTaskSource<Fault>
{
    private ManualResetValueTaskSourceCore<Fault> _completion;

    /// <summary>Whose endpoint it is.</summary>
    public Upstream Upstream => upstream;

    /// <summary>Who is served first.</summary>
    public Importance Importance => importance;

    /// <summary>True where it waits for room for a connection, and is counted among those who do.</summary>
    public bool IsPending { get; private set; }

    /// <summary>When its time is over, where <see cref="IsPending"/>, in the loop's milliseconds.</summary>
    public long DueMs { get; private set; }

    /// <summary>What it was given, where its end is <see cref="Fault.None"/>.</summary>
    public Http2UpstreamStream? Stream { get; private set; }

    /// <summary>True where nobody waits any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The end of the wait. Completes inline on the loop; awaited once.</summary>
    public ValueTask<Fault> EndAsync() => new(this, _completion.Version);

    /// <summary>Ends it, unless it has ended.</summary>
    public void GiveUp(Fault fault)
    {
        if (!HasEnded)
        {
            End(null, fault);
        }
    }

    /// <summary>Ends it without a stream where another endpoint has room for it.</summary>
    internal bool TryLeave()
    {
        if (leaves?.Invoke() != true)
        {
            return false;
        }

        GiveUp(Fault.None);
        return true;
    }

    /// <summary>It waits for room from now on, for <c>pending_timeout</c> at most; false where as many do as may.</summary>
    internal bool TryEnter(long nowMs)
    {
        if (!upstream.Pending.TryEnterRoom())
        {
            return false;
        }

        (IsPending, DueMs) = (true, nowMs + (long)upstream.Options.PendingTimeout.TotalMilliseconds);
        return true;
    }

    /// <summary>Ends it because there is no room.</summary>
    internal void Refuse(FaultKind kind)
    {
        upstream.Pending.NoteRoom(kind);
        GiveUp(new Fault(FaultSide.Internal, kind));
    }

    /// <summary>Ends it with a stream, or because of <paramref name="fault"/>.</summary>
    internal void End(Http2UpstreamStream? stream, Fault fault)
    {
        (Stream, HasEnded) = (stream, true);
        line.Left();
        if (IsPending)
        {
            IsPending = false;
            upstream.Pending.LeaveRoom();
        }

        _completion.SetResult(fault);
    }

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
