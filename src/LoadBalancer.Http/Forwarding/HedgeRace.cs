using System.Threading.Tasks.Sources;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// What happens while an exchange has one attempt and may have a second beside it: the time for the second has come, or one of them has ended. Pooled
/// with its exchange. Touched only on its loop.
/// </summary>
internal sealed class HedgeRace : IValueTaskSource<Attempt?>
{
    private readonly Queue<Attempt?> _news = new(3);
    private readonly LoopDeadline _deadline;
    private ManualResetValueTaskSourceCore<Attempt?> _next;
    private bool _isAwaited;

    /// <summary>One of an exchange on <paramref name="loop"/>.</summary>
    public HedgeRace(EventLoop loop) => _deadline = new LoopDeadline(loop, static race => ((HedgeRace)race).Tell(null), this);

    /// <summary>Begins: the second attempt may begin after <paramref name="time"/>.</summary>
    public void Begin(TimeSpan time)
    {
        _news.Clear();
        _deadline.Set(time);
    }

    /// <summary>It could not begin: it may after another <paramref name="time"/>.</summary>
    public void Again(TimeSpan time) => _deadline.Set((long)Math.Ceiling(time.TotalMilliseconds));

    /// <summary>No second attempt begins any more.</summary>
    public void Close() => _deadline.Clear();

    /// <summary>The next attempt that has ended; null where it is time for the second one. One waits at a time.</summary>
    public ValueTask<Attempt?> NextAsync()
    {
        if (_news.TryDequeue(out var news))
        {
            return new(news);
        }

        _isAwaited = true;
        _next.Reset();
        return new(this, _next.Version);
    }

    /// <summary>An attempt has ended; null where it is time for the second. Whoever waits goes on inline.</summary>
    public void Tell(Attempt? ended)
    {
        if (_isAwaited)
        {
            _isAwaited = false;
            _next.SetResult(ended);
        }
        else
        {
            _news.Enqueue(ended);
        }
    }

    Attempt? IValueTaskSource<Attempt?>.GetResult(short token) => _next.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Attempt?>.GetStatus(short token) => _next.GetStatus(token);

    void IValueTaskSource<Attempt?>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _next.OnCompleted(continuation, state, token, flags);
}
