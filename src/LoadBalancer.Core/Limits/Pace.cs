namespace LoadBalancer.Limits;

/// <summary>
/// The bandwidth of one caller in one direction: a token bucket of bytes that all of its exchanges share, and the line in which they wait for
/// it. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// First come, first served, a piece each: whoever has had one waits behind all others for the next. So those who always have something to
/// send get equal shares, however many connections and loops they are on. Bytes are granted only to who has them in hand and passes them on at
/// once: in any time at most the burst and what the rate has earned in it pass. One that leaves with its bytes granted has used them.
/// </para>
/// <para>
/// The bucket is that of <see cref="TokenBucket"/>: kept is when it will be full again. Only the first of the line has a timer; whose timer it is
/// serves everybody whose turn has come. A spin lock, for some tens of nanoseconds: whoever waits, waits outside of it.
/// </para>
/// </remarks>
internal sealed class Pace
{
    /// <summary>A smaller piece is not worth a turn, in bytes.</summary>
    private const int LeastPiece = 256;

    /// <summary>A larger piece is not in hand at once, in bytes.</summary>
    private const int MostPiece = 64 * 1024;

    /// <summary>How many pieces a second brings, in between.</summary>
    private const int PiecesPerSecond = 20;

    private readonly PaceTable _table;
    private readonly TimeProvider _time;
    private readonly long _rate;
    private readonly Int128 _room;
    private readonly long _byte;
    private SpinLock _gate = new(enableThreadOwnerTracking: false);
    private Int128 _fullAt;
    private PaceTurn? _first;
    private PaceTurn? _last;
    private int _users = 1;

    /// <summary>A full bucket with one user.</summary>
    /// <param name="table">Where it belongs.</param>
    /// <param name="time">The clock of durations.</param>
    public Pace(PaceTable table, TimeProvider time)
    {
        (_table, _time, _rate, _byte) = (table, time, table.Rate, time.TimestampFrequency);
        _room = (Int128)table.Burst * _byte;
        Piece = (int)Math.Min(table.Burst, Math.Clamp(table.Rate / PiecesPerSecond, LeastPiece, MostPiece));
    }

    /// <summary>The most bytes of one turn.</summary>
    public int Piece { get; }

    /// <summary>Where it belongs, and what it waits is counted.</summary>
    public PaceTable Table => _table;

    /// <summary>Takes <paramref name="count"/> bytes, at most <see cref="Piece"/>, where nobody waits and they are there.</summary>
    public bool TryTake(int count)
    {
        Lock();
        var taken = _first is null && WaitFor(count) == 0;
        _gate.Exit();
        return taken;
    }

    /// <summary><paramref name="turn"/> waits at the end of the line: <see cref="PaceTurn.Grant"/> follows, unless it leaves before.</summary>
    public void Enter(PaceTurn turn)
    {
        Lock();
        turn.IsWaiting = true;
        turn.Previous = _last;
        if (_last is null)
        {
            _first = turn;
        }
        else
        {
            _last.Next = turn;
        }

        _last = turn;
        var isFirst = _first == turn;
        _gate.Exit();
        if (isFirst)
        {
            Serve();
        }
    }

    /// <summary><paramref name="turn"/> waits no longer; false where it was granted its bytes meanwhile.</summary>
    public bool Leave(PaceTurn turn)
    {
        Lock();
        var (waited, wasFirst) = (turn.IsWaiting, _first == turn);
        if (waited)
        {
            Unlink(turn);
        }

        _gate.Exit();
        if (wasFirst)
        {
            Serve();
        }

        return waited;
    }

    /// <summary>Grants those their bytes whose turn it is, and lets the next one look again when its turn comes.</summary>
    public void Serve()
    {
        while (true)
        {
            Lock();
            var turn = _first;
            var wait = turn is null ? 0 : WaitFor(turn.Count);
            if (turn is not null && wait == 0)
            {
                Unlink(turn);
            }

            _gate.Exit();
            if (turn is null)
            {
                return;
            }

            if (wait > 0)
            {
                turn.ServeIn(_time.GetElapsedTime(0, wait));
                return;
            }

            turn.Grant();
        }
    }

    /// <summary>One more exchange uses it; false where it has ended.</summary>
    internal bool TryJoin()
    {
        while (Volatile.Read(ref _users) is >= 0 and var users)
        {
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An exchange has ended that used it.</summary>
    internal void Part() => Interlocked.Decrement(ref _users);

    /// <summary>Ends it, where nobody uses it and nothing is lost by that: its bucket is full.</summary>
    internal bool TryEnd()
    {
        Lock();
        var ends = _fullAt <= (Int128)_time.GetTimestamp() * _rate && Interlocked.CompareExchange(ref _users, -1, 0) == 0;
        _gate.Exit();
        return ends;
    }

    // Nothing that is done before Exit can fail.
    private void Lock()
    {
        var entered = false;
        _gate.Enter(ref entered);
    }

    /// <summary>Takes the bytes where they are there, and else tells how long they have to be waited for, in units of a timestamp.</summary>
    private long WaitFor(int count)
    {
        var now = (Int128)_time.GetTimestamp() * _rate;
        var missing = Int128.Max(0, _fullAt - now) + ((Int128)count * _byte);
        if (missing > _room)
        {
            return (long)((missing - _room + _rate - 1) / _rate);
        }

        _fullAt = now + missing;
        return 0;
    }

    private void Unlink(PaceTurn turn)
    {
        if (turn.Previous is null)
        {
            _first = turn.Next;
        }
        else
        {
            turn.Previous.Next = turn.Next;
        }

        if (turn.Next is null)
        {
            _last = turn.Previous;
        }
        else
        {
            turn.Next.Previous = turn.Previous;
        }

        turn.Next = turn.Previous = null;
        turn.IsWaiting = false;
    }
}
