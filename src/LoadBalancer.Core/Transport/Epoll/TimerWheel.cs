using System.Numerics;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A loop's deadlines on a hashed timing wheel (Varghese and Lauck, SOSP 1987, scheme 6): constant time to schedule and
/// to cancel. Coarse: a timer never fires early, and at most one tick late while the loop turns. Touched only on the loop.
/// </summary>
/// <remarks>
/// A timer further away than one turn of the wheel stays in its slot and is passed over. Owners that see traffic do not
/// reschedule at each byte: they note the time of the last one, and look at it when the timer falls due.
/// </remarks>
internal sealed class TimerWheel
{
    /// <summary>The length of a tick in milliseconds.</summary>
    public const int TickMs = 25;

    private const int Slots = 2048;
    private const int Mask = Slots - 1;

    private readonly LoopTimer[] _heads = new LoopTimer[Slots];
    private readonly ulong[] _occupied = new ulong[Slots / 64];
    private readonly LoopTimer _due = NewHead();
    private long _tick;
    private int _count;

    public TimerWheel(long nowMs)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            _heads[slot] = NewHead();
        }

        _tick = nowMs / TickMs;
    }

    /// <summary>How many timers wait.</summary>
    public int Count => _count;

    /// <summary>Makes <paramref name="timer"/> fall due after <paramref name="delayMs"/>, instead of whatever it waited for.</summary>
    public void Schedule(LoopTimer timer, long nowMs, long delayMs)
    {
        Cancel(timer);

        // Rounded up, so never early.
        timer.DueTick = Math.Max(_tick + 1, (nowMs + Math.Max(delayMs, 0) + TickMs - 1) / TickMs);
        var slot = (int)(timer.DueTick & Mask);
        Link(_heads[slot], timer);
        _occupied[slot >> 6] |= 1ul << (slot & 63);
        _count++;
    }

    /// <summary>Takes <paramref name="timer"/> off the wheel, if it is on it.</summary>
    public void Cancel(LoopTimer timer)
    {
        if (timer.IsScheduled)
        {
            Unlink(timer);
            _count--;
        }
    }

    /// <summary>Fires everything that is due at <paramref name="nowMs"/>.</summary>
    /// <param name="nowMs">The loop's time.</param>
    /// <param name="onError">Takes an exception that escaped from a timer; the others still fire.</param>
    public void Advance(long nowMs, Action<Exception> onError)
    {
        var now = nowMs / TickMs;
        if (now <= _tick)
        {
            return;
        }

        var slots = Math.Min(now - _tick, Slots);
        for (var tick = now - slots + 1; tick <= now && _count > 0; tick++)
        {
            CollectDue((int)(tick & Mask), now);
        }

        _tick = now;
        while (_due.Next is { } timer && timer != _due)
        {
            Unlink(timer);
            _count--;
            try
            {
                timer.Fire();
            }
            catch (Exception error)
            {
                onError(error);
            }
        }
    }

    /// <summary>Milliseconds until the next slot that holds a timer, -1 for ever. The timer in it may be of a later turn of the wheel.</summary>
    public int UntilNextMs(long nowMs)
    {
        if (_count == 0)
        {
            return -1;
        }

        // Whole words of the occupancy map are skipped; the first one is looked at twice, for the bits before the hand.
        var start = _tick + 1;
        for (var word = 0; word <= _occupied.Length; word++)
        {
            var from = word == 0 ? start : ((start >> 6) + word) << 6;
            var bits = _occupied[(int)((from & Mask) >> 6)] >> (int)(from & 63);
            if (bits != 0)
            {
                var tick = from + BitOperations.TrailingZeroCount(bits);
                return (int)Math.Clamp((tick * TickMs) - nowMs, 0, int.MaxValue);
            }
        }

        return -1;
    }

    private void CollectDue(int slot, long now)
    {
        var head = _heads[slot];
        for (var timer = head.Next!; timer != head;)
        {
            var next = timer.Next!;
            if (timer.DueTick <= now)
            {
                Unlink(timer);
                Link(_due, timer);
            }

            timer = next;
        }

        if (head.Next == head)
        {
            _occupied[slot >> 6] &= ~(1ul << (slot & 63));
        }
    }

    private static LoopTimer NewHead()
    {
        var head = new LoopTimer(static _ => { }, string.Empty);
        head.Next = head.Previous = head;
        return head;
    }

    private static void Link(LoopTimer head, LoopTimer timer)
    {
        timer.Previous = head.Previous;
        timer.Next = head;
        head.Previous!.Next = timer;
        head.Previous = timer;
    }

    private static void Unlink(LoopTimer timer)
    {
        timer.Previous!.Next = timer.Next;
        timer.Next!.Previous = timer.Previous;
        timer.Next = timer.Previous = null;
    }
}
