using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// An exchange that waits for what another one asks for. It holds no thread and belongs to its loop; only its place among those who wait is the
/// <see cref="FetchTable"/>'s, under its lock.
/// </summary>
internal sealed class FetchWait : PendingWork, IValueTaskSource<FetchEnd>
{
    private readonly EventLoop _loop;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<FetchEnd> _completion;
    private FetchEnd _end;
    private bool _done;

    /// <summary>A wait.</summary>
    /// <param name="fetch">For what.</param>
    /// <param name="loop">Where it goes on.</param>
    public FetchWait(SharedFetch fetch, EventLoop loop)
    {
        (Fetch, _loop) = (fetch, loop);
        _deadline = new LoopTimer(static wait => ((FetchWait)wait).Leave(FetchEnd.Late), this);
    }

    /// <summary>What it waits for; its own to end where the wait ends with <see cref="FetchEnd.Lead"/>.</summary>
    public SharedFetch Fetch { get; }

    /// <summary>The answer, where it was kept.</summary>
    public CachedResponse? Response { get; private set; }

    /// <summary>How the endpoint has failed, where it has.</summary>
    public Fault Fault { get; private set; }

    /// <summary>True while it has a place; under the table's lock, as what follows.</summary>
    internal bool IsQueued;

    internal FetchWait? Next;

    internal FetchWait? Previous;

    /// <summary>The end of the wait. Completes inline on the loop; awaited once.</summary>
    /// <param name="longest">How long it lasts at most.</param>
    public ValueTask<FetchEnd> EndAsync(TimeSpan longest)
    {
        _loop.Schedule(_deadline, longest);
        return new ValueTask<FetchEnd>(this, _completion.Version);
    }

    /// <inheritdoc/>
    public override void GiveUp(Fault fault) => Leave(FetchEnd.GivenUp);

    /// <summary>Lets it go on, on its loop, after it has lost its place. Any thread.</summary>
    internal void Post(FetchEnd end, CachedResponse? response, Fault fault)
    {
        (_end, Response, Fault) = (end, response, fault);
        _loop.Post(static wait => ((FetchWait)wait!).End(((FetchWait)wait)._end), this);
    }

    FetchEnd IValueTaskSource<FetchEnd>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FetchEnd>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<FetchEnd>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Leave(FetchEnd end)
    {
        if (!_done && Fetch.Leave(this))
        {
            End(end);
        }
    }

    private void End(FetchEnd end)
    {
        _done = true;
        _loop.Cancel(_deadline);
        _completion.SetResult(end);
    }
}
