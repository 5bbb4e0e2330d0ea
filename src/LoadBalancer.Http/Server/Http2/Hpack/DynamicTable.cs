namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>
/// The fields that one side of a connection told the other to remember (RFC 7541 section 2.3.2): first in, first out, within a size. It has no
/// buffer before the first. Touched only on its loop.
/// </summary>
/// <param name="most">The size that it may have, in bytes of RFC 7541 section 4.1.</param>
internal sealed class DynamicTable(int most)
{
    private const int FirstBytes = 512;
    private const int FirstEntries = 16;

    private byte[] _bytes = [];
    private TableEntry[] _entries = [];
    private int _end;
    private int _oldest;
    private int _count;
    private int _size;
    private int _limit = most;

    /// <summary>How many fields there are.</summary>
    public int Count => _count;

    /// <summary>What they count.</summary>
    public int Size => _size;

    /// <summary>How many were added since the beginning.</summary>
    public long Added { get; private set; }

    /// <summary>The bytes of all lines.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The size that it may have at the moment; lowering it forgets the oldest.</summary>
    public int Limit
    {
        get => _limit;
        set
        {
            _limit = value;
            EvictFor(0);
        }
    }

    /// <summary>A field; 0 is the newest.</summary>
    public ref readonly TableEntry Entry(int age) => ref _entries[(_oldest + _count - 1 - age) & (_entries.Length - 1)];

    /// <summary>Adds a field, and forgets as many of the oldest as it takes; one that is larger than the table empties it.</summary>
    /// <param name="entry">What is known of it; its place is set here.</param>
    /// <param name="line">The line <c>name: value CR LF</c>; not of this table.</param>
    /// <returns>False where it was too large.</returns>
    public bool Add(TableEntry entry, ReadOnlySpan<byte> line)
    {
        EvictFor(entry.Size);
        if (entry.Size > _limit)
        {
            return false;
        }

        if (_count == _entries.Length)
        {
            GrowEntries();
        }

        if (_bytes.Length - _end < line.Length)
        {
            Compact(line.Length);
        }

        line.CopyTo(_bytes.AsSpan(_end));
        entry.Start = _end;
        _end += line.Length;
        _entries[(_oldest + _count++) & (_entries.Length - 1)] = entry;
        _size += entry.Size;
        Added++;
        return true;
    }

    private void EvictFor(int size)
    {
        while (_count > 0 && _size + size > _limit)
        {
            _size -= _entries[_oldest].Size;
            _oldest = (_oldest + 1) & (_entries.Length - 1);
            _count--;
        }
    }

    // A power of two, so that places wrap with a mask.
    private void GrowEntries()
    {
        var entries = new TableEntry[Math.Max(FirstEntries, _entries.Length * 2)];
        for (var at = 0; at < _count; at++)
        {
            entries[at] = _entries[(_oldest + at) & (_entries.Length - 1)];
        }

        (_entries, _oldest) = (entries, 0);
    }

    // Lines lie in the order of their ages: those that are left are moved to the front, into twice the room where they would soon fill it again.
    private void Compact(int more)
    {
        var used = 0;
        for (var at = 0; at < _count; at++)
        {
            used += _entries[(_oldest + at) & (_entries.Length - 1)].LineLength;
        }

        var bytes = used + more > _bytes.Length / 2 ? new byte[Math.Max(FirstBytes, 2 * (used + more))] : _bytes;
        _end = 0;
        for (var at = 0; at < _count; at++)
        {
            ref var entry = ref _entries[(_oldest + at) & (_entries.Length - 1)];
            _bytes.AsSpan(entry.Start, entry.LineLength).CopyTo(bytes.AsSpan(_end));
            entry.Start = _end;
            _end += entry.LineLength;
        }

        _bytes = bytes;
    }
}
