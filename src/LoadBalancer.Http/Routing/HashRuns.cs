using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>Items sorted by a hash, and the runs of two or more that have the same: candidates for being alike, found without an object for each. For one check.</summary>
/// <param name="most">How many items there may be.</param>
internal sealed class HashRuns(int most) : IDisposable
{
    private readonly ulong[] _hashes = ScratchArrays<ulong>.Rent(most);
    private readonly int[] _items = ScratchArrays<int>.Rent(most);
    private int _count;
    private int _read;

    /// <summary>Adds an item, before they are sorted.</summary>
    public void Add(ulong hash, int item) => (_hashes[_count], _items[_count++]) = (hash, item);

    /// <summary>Sorts the items; then <see cref="TryNext"/> begins with the first run.</summary>
    public void Sort()
    {
        Array.Sort(_hashes, _items, 0, _count);
        _read = 0;
    }

    /// <summary>Begins anew, without items.</summary>
    public void Clear() => _count = 0;

    /// <summary>The next run, its items in ascending order; false where there is none.</summary>
    public bool TryNext(out ReadOnlySpan<int> run)
    {
        while (_read < _count)
        {
            var from = _read++;
            while (_read < _count && _hashes[_read] == _hashes[from])
            {
                _read++;
            }

            if (_read - from > 1)
            {
                Array.Sort(_items, from, _read - from);
                run = _items.AsSpan(from, _read - from);
                return true;
            }
        }

        run = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ScratchArrays<ulong>.Return(_hashes);
        ScratchArrays<int>.Return(_items);
    }

    /// <summary>The hash of something, and what it goes with.</summary>
    public static ulong Hash(ulong hash, ulong other)
    {
        hash = (hash ^ other ^ 0xD6E8FEB86659FD93) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 29);
    }

    /// <summary>The hash of a text, and what it goes with.</summary>
    public static ulong Hash(ulong hash, ReadOnlySpan<char> text)
    {
        hash = Hash(hash, (ulong)text.Length + 1);
        foreach (var letter in text)
        {
            hash = (hash ^ letter) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 32;
        }

        return hash;
    }
}
