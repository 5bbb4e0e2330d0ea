using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>As <see cref="LoopMethodBuilder"/>, for an <c>async ValueTask&lt;T&gt;</c> method: <c>[AsyncMethodBuilder(typeof(LoopMethodBuilder&lt;&gt;))]</c>.</summary>
/// <typeparam name="T">The result.</typeparam>
[SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The compiler calls them on the instance.")]
internal struct LoopMethodBuilder<T>
{
    private T _result;

    /// <summary>Where the method lives once it has suspended; null before.</summary>
    internal LoopFrame<T>? Frame { get; private set; }

    /// <summary>Why it failed before it suspended; null where it did not.</summary>
    internal Exception? Exception { get; private set; }

    /// <summary>The awaitable.</summary>
    public ValueTask<T> Task =>
        Frame is { } frame ? new ValueTask<T>(frame, frame.Version)
        : Exception is { } exception ? ValueTask.FromException<T>(exception)
        : new ValueTask<T>(_result);

    /// <summary>For the compiler.</summary>
    public static LoopMethodBuilder<T> Create() => default;

    /// <summary>For the compiler: runs to the first suspension.</summary>
    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler.</summary>
    public void SetResult(T result)
    {
        if (Frame is null)
        {
            _result = result;
        }
        else
        {
            Frame.SetResult(result);
        }
    }

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception)
    {
        if (Frame is null)
        {
            Exception = exception;
        }
        else
        {
            Frame.SetException(exception);
        }
    }

    /// <summary>For the compiler.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(Suspend(ref stateMachine));

    /// <summary>For the compiler.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(Suspend(ref stateMachine));

    private Action Suspend<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (Frame is not LoopFrame<T, TStateMachine> frame)
        {
            // This builder is a field of the state machine: it has to know the frame before the state machine is copied into it.
            frame = LoopFrame<T, TStateMachine>.Rent();
            Frame = frame;
            frame.StateMachine = stateMachine;
        }

        return frame.Resume;
    }
}
