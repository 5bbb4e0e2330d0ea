using System.Buffers;
using System.Globalization;
using System.Text;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>
/// A long text in UTF-8, in pieces that come from a pool and go back to it: a page of metrics has tens of megabytes where there are thousands of routes, and is
/// written anew every few seconds. Not thread-safe; disposed of when it was sent.
/// </summary>
internal sealed class PagedText : IDisposable
{
    // The pool keeps some dozens of one size: enough of these for the page of ten thousand routes.
    private const int PageBytes = 256 * 1024;
    private const int LongestNumber = 32;

    private readonly List<byte[]> _pages = [];
    private int _end = PageBytes;

    /// <summary>Its length in bytes.</summary>
    public long Length => ((long)_pages.Count * PageBytes) - (PageBytes - _end);

    /// <summary>The pieces, in their order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces => _pages.Select((page, at) => (ReadOnlyMemory<byte>)page.AsMemory(0, at == _pages.Count - 1 ? _end : PageBytes));

    /// <summary>Adds bytes that are UTF-8.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = Room();
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            _end += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Adds a text.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        Span<byte> some = stackalloc byte[4 * LongestNumber];
        while (!text.IsEmpty)
        {
            // A letter is not cut: what is left of a page that it does not fit in is filled by way of a few bytes.
            if (Encoding.UTF8.TryGetBytes(text, Room(), out var written))
            {
                _end += written;
                return;
            }

            var length = Math.Min(text.Length, LongestNumber);
            length -= length < text.Length && char.IsHighSurrogate(text[length - 1]) ? 1 : 0;
            Append(some[..Encoding.UTF8.GetBytes(text[..length], some)]);
            text = text[length..];
        }
    }

    /// <summary>Adds a number, so that it reads back equal.</summary>
    /// <param name="number">The number; a finite one, or none.</param>
    /// <param name="format">Its format.</param>
    public void Append(double number, string format)
    {
        Span<byte> digits = stackalloc byte[LongestNumber];
        number.TryFormat(digits, out var length, format, CultureInfo.InvariantCulture);
        Append(digits[..length]);
    }

    /// <summary>All of it in one array: for small ones, and for tests.</summary>
    public byte[] ToArray() => [.. Pieces.SelectMany(piece => piece.ToArray())];

    /// <inheritdoc/>
    public void Dispose()
    {
        _pages.ForEach(page => ArrayPool<byte>.Shared.Return(page));
        _pages.Clear();
        _end = PageBytes;
    }

    // At least one byte.
    private Span<byte> Room()
    {
        if (_end == PageBytes)
        {
            _pages.Add(ArrayPool<byte>.Shared.Rent(PageBytes));
            _end = 0;
        }

        return _pages[^1].AsSpan(_end, PageBytes - _end);
    }
}
