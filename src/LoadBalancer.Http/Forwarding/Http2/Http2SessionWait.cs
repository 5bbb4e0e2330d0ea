using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>An exchange that waits for a stream to an endpoint. Touched only on its loop.</summary>
internal sealed class Http2SessionWait : IValueTaskSource<Fault>
{
    private ManualResetValueTaskSourceCore<Fault> _completion;

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

    /// <summary>Ends it with a stream, or because of <paramref name="fault"/>.</summary>
    internal void End(Http2UpstreamStream? stream, Fault fault)
    {
        (Stream, HasEnded) = (stream, true);
        _completion.SetResult(fault);
    }

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
