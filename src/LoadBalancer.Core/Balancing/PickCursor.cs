using System.Runtime.InteropServices;

namespace LoadBalancer.Balancing;

/// <summary>
/// Where an upstream's rotation stands: a ticket counter that outlives the tables read with it. A table that started
/// over at every change of health would send the first endpoints more than their share, the more the others flap.
/// </summary>
/// <remarks>Thread-safe: every ticket is given out once. It has cache lines of its own, because every loop writes it.</remarks>
/// <param name="start">The first ticket; random, so that instances that start together do not all begin with the same endpoint.</param>
internal sealed class PickCursor(uint start)
{
    private Ticket _ticket = new() { Next = start };

    /// <summary>The next ticket.</summary>
    public ulong Next() => Interlocked.Increment(ref _ticket.Next) - 1;

    /// <summary>Another one that stands where this one stands now: what is picked with it costs nobody a turn.</summary>
    public PickCursor Copy() => new(0) { _ticket = new() { Next = Volatile.Read(ref _ticket.Next) } };

    /// <summary>The next ticket as a place in a table of <paramref name="length"/> entries.</summary>
    public int Next(int length) => (int)(Next() % (uint)length);

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Ticket
    {
        [FieldOffset(64)]
        public ulong Next;
    }
}
