using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// A list for one build, whose memory the next one gets again (<see cref="ScratchArrays{T}"/>). Disposed, it holds nothing any more.
/// </summary>
/// <param name="capacity">How many items there will be, as far as that is known.</param>
internal sealed class ScratchList<T>(int capacity) : IDisposable
{
    private T[] _items = capacity == 0 ? [] : ScratchArrays<T>.Rent(capacity);

    /// <summary>How many items it has.</summary>
    public int Count { get; private set; }

    /// <summary>An item.</summary>
    public ref T this[int index] => ref _items.AsSpan(0, Count)[index];

    /// <summary>All of them; good until the next is added.</summary>
    public ReadOnlySpan<T> Items => _items.AsSpan(0, Count);

    /// <summary>Appends an item.</summary>
    public void Add(T item)
    {
        if (Count == _items.Length)
        {
            var larger = ScratchArrays<T>.Rent(Math.Max(16, Count * 2));
            Items.CopyTo(larger);
            Release();
            _items = larger;
        }

        _items[Count++] = item;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        (_items, Count) = ([], 0);
    }

    private void Release()
    {
        if (_items.Length > 0)
        {
            ScratchArrays<T>.Return(_items);
        }
    }
}
