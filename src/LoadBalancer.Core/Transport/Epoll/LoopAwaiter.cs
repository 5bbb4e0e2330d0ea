using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>What <c>await loop</c> waits with: the continuation is posted to the loop, or goes on inline where it is there already.</summary>
internal readonly struct LoopAwaiter(EventLoop loop) : ICriticalNotifyCompletion
{
    /// <summary>True on the loop's own thread: no hop.</summary>
    public bool IsCompleted => loop.InLoop;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => loop.Post(static state => ((Action)state!)(), continuation);

    /// <summary>Nothing: being there is the result.</summary>
    public void GetResult()
    {
    }
}
