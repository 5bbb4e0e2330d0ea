using System.Buffers;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// A list for one build, whose memory the next one gets again: what is built of thousands of routes would otherwise leave megabytes to a collector that stops all
/// loops (docs/adr/0034). Disposed, it holds nothing any more.
/// </summary>
/// <param name="capacity">How many items there will be, as far as that is known.</param>
internal sealed class ScratchList<T>(int capacity) : IDisposable
{
    private T[] _items = capacity == 0 ? [] : ArrayPool<T>.Shared.Rent(capacity);

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
            var larger = ArrayPool<T>.Shared.Rent(Math.Max(16, Count * 2));
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
            ArrayPool<T>.Shared.Return(_items, RuntimeHelpers.IsReferenceOrContainsReferences<T>());
        }
    }
}
