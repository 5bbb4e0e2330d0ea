using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Builds an <c>async ValueTask</c> method whose frame is pooled, so that one that suspends allocates nothing once the pool is
/// warm. For methods of the data plane: <c>[AsyncMethodBuilder(typeof(LoopMethodBuilder))]</c>.
/// </summary>
/// <remarks>
/// The platform's PoolingAsyncValueTaskMethodBuilder keeps one frame for each thread and one for each core: enough for one request at a
/// time, where a loop has thousands. Frames here belong to the thread that finished with them, see <see cref="LoopFrame{T}"/>. The execution
/// context is not captured: on a loop there is none worth keeping. As with every ValueTask: await it once.
/// </remarks>
[SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The compiler calls them on the instance.")]
internal struct LoopMethodBuilder
{
    private LoopMethodBuilder<byte> _inner;

    /// <summary>The awaitable.</summary>
    public ValueTask Task =>
        _inner.Frame is { } frame ? new ValueTask(frame, frame.Version)
        : _inner.Exception is { } exception ? ValueTask.FromException(exception)
        : default;

    /// <summary>For the compiler.</summary>
    public static LoopMethodBuilder Create() => default;

    /// <summary>For the compiler: runs to the first suspension.</summary>
    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler.</summary>
    public void SetStateMachine(IAsyncStateMachine stateMachine) => _inner.SetStateMachine(stateMachine);

    /// <summary>For the compiler.</summary>
    public void SetResult() => _inner.SetResult(0);

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception) => _inner.SetException(exception);

    /// <summary>For the compiler.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _inner.AwaitOnCompleted(ref awaiter, ref stateMachine);

    /// <summary>For the compiler.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _inner.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
