namespace LoadBalancer.Transport.Epoll;

/// <summary>Something with a descriptor that an <see cref="EventLoop"/> watches. Touched only on its loop.</summary>
internal abstract class LoopSource
{
    /// <summary>Where the loop keeps it: set by <see cref="EventLoop.Add"/>, -1 while it is not watched.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>Something happened to the descriptor.</summary>
    internal abstract void OnEvents(EpollFlags events);

    /// <summary>An exception escaped from <see cref="OnEvents"/>: gives up this one source, so that the loop goes on.</summary>
    internal abstract void OnUnhandledError();
}
