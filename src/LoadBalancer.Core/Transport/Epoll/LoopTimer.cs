namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A deadline on a loop's <see cref="TimerWheel"/>, made once by its owner and scheduled as often as wanted. Touched
/// only on the loop.
/// </summary>
/// <param name="onDue">What happens when it falls due; it may schedule the timer again.</param>
/// <param name="owner">Passed to <paramref name="onDue"/>, so that the callback can be static.</param>
internal sealed class LoopTimer(Action<object> onDue, object owner)
{
    /// <summary>True while it waits on a wheel.</summary>
    public bool IsScheduled => Next is not null;

    internal LoopTimer? Next { get; set; }

    internal LoopTimer? Previous { get; set; }

    /// <summary>The tick at which it falls due.</summary>
    internal long DueTick { get; set; }

    internal void Fire() => onDue(owner);
}
