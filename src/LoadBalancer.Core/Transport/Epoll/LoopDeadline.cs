namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A deadline that moves often and is seldom met: setting it later costs a store, because its timer stays where it is and looks again when
/// it falls due. Touched only on its loop.
/// </summary>
/// <param name="loop">Whose time it is.</param>
/// <param name="onDue">What happens when the deadline passes, once for each <see cref="Set(long)"/>.</param>
/// <param name="owner">Passed to <paramref name="onDue"/>.</param>
internal sealed class LoopDeadline(EventLoop loop, Action<object> onDue, object owner)
{
    private const long Never = long.MaxValue;

    private LoopTimer? _timer;
    private long _at = Never;
    private long _timerAt = Never;

    /// <summary>True while it is set.</summary>
    public bool IsSet => _at != Never;

    /// <summary>It passes <paramref name="delay"/> from now, instead of when it would have.</summary>
    public void Set(TimeSpan delay) => Set((long)delay.TotalMilliseconds);

    /// <summary>It passes <paramref name="delayMs"/> from now, instead of when it would have.</summary>
    public void Set(long delayMs)
    {
        _at = loop.NowMs + delayMs;
        if (_at < _timerAt)
        {
            Schedule();
        }
    }

    /// <summary>It does not pass any more.</summary>
    public void Clear() => _at = Never;

    /// <summary>Takes its timer off the loop, for an owner that ends.</summary>
    public void End()
    {
        Clear();
        if (_timer is not null)
        {
            loop.Cancel(_timer);
            _timerAt = Never;
        }
    }

    private void Schedule()
    {
        _timer ??= new LoopTimer(static deadline => ((LoopDeadline)deadline).OnTimer(), this);
        _timerAt = _at;
        loop.Schedule(_timer, _at - loop.NowMs);
    }

    private void OnTimer()
    {
        _timerAt = Never;
        if (_at == Never)
        {
            return;
        }

        if (_at > loop.NowMs)
        {
            Schedule();
            return;
        }

        _at = Never;
        onDue(owner);
    }
}
