using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>
/// One direction of an exchange that is kept to a bandwidth: whose paces its bytes have to keep, and the wait for its turn. Pooled with its
/// exchange, touched only on its loop; only <see cref="Grant"/> and <see cref="ServeIn"/> are called from elsewhere too.
/// </summary>
/// <remarks>A wait ends once, by a grant or an interruption, and always by way of the loop's queue: nobody's turn runs inside of another's.</remarks>
/// <param name="loop">The loop.</param>
internal sealed class BodyPace(EventLoop loop) : PaceTurn, IValueTaskSource<bool>
{
    private readonly List<Pace> _paces = new(1);
    private ManualResetValueTaskSourceCore<bool> _turn;
    private LoopDeadline? _deadline;
    private int _at;
    private bool _waits;
    private bool _isInterrupted;

    /// <summary>The most bytes of one turn.</summary>
    public int Piece { get; private set; } = int.MaxValue;

    /// <summary>How long it has waited.</summary>
    public TimeSpan Paused { get; private set; }

    /// <summary>Its bytes have to keep <paramref name="pace"/> as well, which an exchange has entered.</summary>
    public void Keep(Pace pace)
    {
        _paces.Add(pace);
        Piece = Math.Min(Piece, pace.Piece);
    }

    /// <summary>Leaves its paces.</summary>
    public void Reset()
    {
        foreach (var pace in _paces)
        {
            PaceTable.Leave(pace);
        }

        _paces.Clear();
        _deadline?.End();
        (Piece, Paused) = (int.MaxValue, TimeSpan.Zero);
    }

    /// <summary>Takes <paramref name="count"/> bytes, at most <see cref="Piece"/>, where that can be at once; else <see cref="WaitAsync"/> follows.</summary>
    public bool TryTake(int count)
    {
        Count = count;
        for (_at = 0; _at < _paces.Count; _at++)
        {
            if (!_paces[_at].TryTake(count))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Waits for the bytes that <see cref="TryTake"/> has not given. One waits at a time.</summary>
    /// <returns>True with the bytes; false where it was interrupted.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<bool> WaitAsync()
    {
        var table = _paces[_at].Table;
        var began = table.Time.GetTimestamp();
        _isInterrupted = false;
        var granted = await EnterAsync();
        while (granted && !_isInterrupted && ++_at < _paces.Count)
        {
            granted = _paces[_at].TryTake(Count) || await EnterAsync();
        }

        var paused = table.Time.GetElapsedTime(began);
        Paused += paused;
        table.Counts.Count(loop.Index, Count, paused);
        return granted && !_isInterrupted;
    }

    /// <summary>Nobody wants the bytes any more: whoever waits for them goes on, later in this turn of the loop, and waits in no further line.</summary>
    public void Interrupt()
    {
        // One whose turn has just come is in no line at this moment.
        _isInterrupted = true;
        if (_waits && _paces[_at].Leave(this))
        {
            loop.Post(static pace => ((BodyPace)pace!).Complete(false), this);
        }
    }

    /// <inheritdoc/>
    public override void Grant() => loop.Post(static pace => ((BodyPace)pace!).Complete(true), this);

    /// <inheritdoc/>
    public override void ServeIn(TimeSpan wait)
    {
        if (loop.InLoop)
        {
            _deadline ??= new LoopDeadline(loop, static pace => ((BodyPace)pace).Serve(), this);
            _deadline.Set((long)Math.Ceiling(wait.TotalMilliseconds));
        }
        else
        {
            loop.Post(static pace => ((BodyPace)pace!).Serve(), this);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _turn.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _turn.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _turn.OnCompleted(continuation, state, token, flags);

    private ValueTask<bool> EnterAsync()
    {
        _turn.Reset();
        _waits = true;
        _paces[_at].Enter(this);
        return new ValueTask<bool>(this, _turn.Version);
    }

    private void Serve()
    {
        if (_waits)
        {
            _paces[_at].Serve();
        }
    }

    private void Complete(bool granted)
    {
        _waits = false;
        _deadline?.Clear();
        _turn.SetResult(granted);
    }
}
