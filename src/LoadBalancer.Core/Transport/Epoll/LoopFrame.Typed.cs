using System.Runtime.CompilerServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>Where one async method lives while it is suspended. Pooled by the thread that took its result, last in first out.</summary>
/// <typeparam name="T">The result.</typeparam>
/// <typeparam name="TStateMachine">The compiler's state machine of the method.</typeparam>
internal sealed class LoopFrame<T, TStateMachine> : LoopFrame<T>
    where TStateMachine : IAsyncStateMachine
{
    /// <summary>What a thread keeps of each method; what is beyond goes to the garbage collector.</summary>
    private const int MostKept = 4096;

    [ThreadStatic]
    private static LoopFrame<T, TStateMachine>? _kept;

    private LoopFrame<T, TStateMachine>? _next;
    private int _depth;

    private LoopFrame() => Resume = () => StateMachine!.MoveNext();

    /// <summary>Goes on where the method suspended; made once for the frame.</summary>
    public Action Resume { get; }

    /// <summary>The method.</summary>
    internal TStateMachine? StateMachine;

    /// <summary>A frame that nobody uses.</summary>
    public static LoopFrame<T, TStateMachine> Rent()
    {
        if (_kept is not { } frame)
        {
            return new LoopFrame<T, TStateMachine>();
        }

        _kept = frame._next;
        frame._next = null;
        return frame;
    }

    /// <inheritdoc/>
    protected override void Return()
    {
        // What the method held must not live as long as the pool does.
        StateMachine = default;
        _depth = (_kept?._depth ?? 0) + 1;
        if (_depth <= MostKept)
        {
            _next = _kept;
            _kept = this;
        }
    }
}
