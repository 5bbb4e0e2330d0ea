using System.Threading.Tasks.Sources;

namespace LoadBalancer.Transport.Epoll;

/// <summary>The result of an async method that suspended; whoever awaits it gives the frame back by taking the result.</summary>
/// <remarks>No context is looked for: a loop has none, and whoever awaits elsewhere goes on where the method ended.</remarks>
/// <typeparam name="T">The result.</typeparam>
internal abstract class LoopFrame<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _completion;

    /// <summary>Which use of the frame this is.</summary>
    public short Version => _completion.Version;

    /// <summary>Completes it; whoever awaits goes on inline.</summary>
    public void SetResult(T result) => _completion.SetResult(result);

    /// <summary>Completes it with an error.</summary>
    public void SetException(Exception exception) => _completion.SetException(exception);

    T IValueTaskSource<T>.GetResult(short token) => Take(token);

    void IValueTaskSource.GetResult(short token) => Take(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _completion.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    /// <summary>Gives the frame back to its pool; nobody refers to it any more.</summary>
    protected abstract void Return();

    private T Take(short token)
    {
        try
        {
            return _completion.GetResult(token);
        }
        finally
        {
            _completion.Reset();
            Return();
        }
    }
}
