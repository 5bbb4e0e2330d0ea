using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace LoadBalancer.Limits;

/// <summary>
/// What all callers have used of a quota in one period. Thread-safe; a caller that is known costs one look-up without a lock, and nothing is allocated.
/// </summary>
/// <remarks>
/// Nobody who has used something is forgotten before the period is over: that would be another quota. So it is the newcomers who are bounded. While
/// <see cref="MostCallers"/> are known, those who come for the first time share <see cref="SharedCells"/> counts among them: none gets more than the
/// quota, and some get less. Callers are known by a digest, the same in every process, so that a file of them names nobody.
/// </remarks>
/// <param name="period">The period.</param>
internal sealed class QuotaBook(CalendarPeriod period)
{
    /// <summary>How many callers have a count of their own: about 60 MB where there are so many.</summary>
    public const int MostCallers = 1 << 18;

    /// <summary>How many counts the others share.</summary>
    public const int SharedCells = 1 << 12;

    private readonly ConcurrentDictionary<ulong, QuotaCell> _byNumber = [];
    private readonly ConcurrentDictionary<UInt128, QuotaCell> _byDigest = [];
    private readonly long _ends = period.Ends.UtcTicks;
    private long _earliest = period.Earliest.UtcTicks;
    private int _callers;

    /// <summary>The period.</summary>
    public CalendarPeriod Period => period;

    /// <summary>How many callers have a count of their own.</summary>
    public int Callers => Volatile.Read(ref _callers);

    /// <summary>What each has used, by its digest. The digests below <see cref="SharedCells"/> are those of shared counts.</summary>
    public IEnumerable<KeyValuePair<UInt128, QuotaCell>> Cells => _byDigest;

    /// <summary>
    /// True until its period is over. A clock that goes back does not bring the one before again, unless it goes back so far that it is or was wrong, or there is a book of that.
    /// </summary>
    public bool Covers(DateTimeOffset now) => now.UtcTicks < _ends && now.UtcTicks >= Volatile.Read(ref _earliest);

    /// <summary>There is a book of the period before: from here on this one covers its own alone.</summary>
    public void FollowAnother() => Volatile.Write(ref _earliest, period.Begins.UtcTicks);

    /// <summary>How long it lasts; never less than nothing.</summary>
    public TimeSpan Left(DateTimeOffset now) => new(Math.Max(0, _ends - now.UtcTicks));

    /// <summary>The count of a caller; made for one that is new.</summary>
    public QuotaCell CellOf(in LimitKey key)
    {
        if (_byNumber.TryGetValue(key.Number, out var cell))
        {
            return cell;
        }

        var digest = DigestOf(key.Text);
        return IsOwn(digest, out cell) ? _byNumber.GetOrAdd(key.Number, cell) : cell;
    }

    /// <summary>The count of a caller; null for one that has used nothing.</summary>
    public QuotaCell? Find(in LimitKey key)
    {
        if (_byNumber.TryGetValue(key.Number, out var cell) || Callers == 0)
        {
            return cell;
        }

        var digest = DigestOf(key.Text);
        return _byDigest.TryGetValue(digest, out cell) || (Callers >= MostCallers && _byDigest.TryGetValue(digest % SharedCells, out cell)) ? cell : null;
    }

    /// <summary>Adds what a caller has used elsewhere: in an earlier process, say.</summary>
    /// <param name="digest">The caller, as in <see cref="Cells"/>.</param>
    /// <param name="used">How much.</param>
    public void Add(UInt128 digest, long used)
    {
        IsOwn(digest, out var cell);
        cell.Add(used);
    }

    /// <summary>Lets a caller have used at least so many.</summary>
    /// <param name="digest">The caller, as in <see cref="Cells"/>.</param>
    /// <param name="used">How many.</param>
    public void Raise(UInt128 digest, long used)
    {
        IsOwn(digest, out var cell);
        cell.Raise(used);
    }

    /// <summary>Lets each caller have used at least what it has in <paramref name="other"/>.</summary>
    public void Raise(QuotaBook other)
    {
        foreach (var (digest, cell) in other.Cells)
        {
            Raise(digest, cell.Used);
        }
    }

    /// <summary>What a caller is known by in every process: the first half of the SHA-256 of its text.</summary>
    internal static UInt128 DigestOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>Finds or makes the count of a digest; false where it is a shared one.</summary>
    private bool IsOwn(UInt128 digest, out QuotaCell cell)
    {
        if (_byDigest.TryGetValue(digest, out cell!))
        {
            return digest >= SharedCells;
        }

        var isOwn = digest >= SharedCells && Interlocked.Increment(ref _callers) <= MostCallers;
        if (!isOwn && digest >= SharedCells)
        {
            Interlocked.Decrement(ref _callers);
        }

        var mine = new QuotaCell();
        cell = _byDigest.GetOrAdd(isOwn ? digest : digest % SharedCells, mine);
        if (isOwn && cell != mine)
        {
            // Two have come at once for the same caller.
            Interlocked.Decrement(ref _callers);
        }

        return isOwn;
    }
}
