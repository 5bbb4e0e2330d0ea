using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>What <c>await loop.Yield()</c> waits with: everything else of this turn goes first. On the loop; it allocates nothing.</summary>
internal readonly struct LoopYield(EventLoop loop) : ICriticalNotifyCompletion
{
    /// <summary>For the compiler.</summary>
    public LoopYield GetAwaiter() => this;

    /// <summary>Never: others go first.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The compiler asks the instance.")]
    public bool IsCompleted => false;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => loop.Post(static state => ((Action)state!)(), continuation);

    /// <summary>Nothing.</summary>
    public void GetResult()
    {
    }
}
