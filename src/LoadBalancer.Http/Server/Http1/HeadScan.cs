using System.Buffers;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// How far the end of one head was looked for, so that no byte is looked at twice however small the pieces are in which it comes.
/// The default value begins a new head.
/// </summary>
internal struct HeadScan
{
    private int _looked;
    private int _lineStart;
    private int _lines;
    private byte _last;

    /// <summary>
    /// Looks for the empty line that ends the lines in <paramref name="buffer"/>. Says the same for the same bytes in whatever pieces.
    /// </summary>
    /// <param name="buffer">From the head's first byte on; longer by each call.</param>
    /// <param name="mostBytes">A longer head is <paramref name="tooLarge"/>.</param>
    /// <param name="mostLines">So is one with more lines than this, where it is <paramref name="tooMany"/>.</param>
    /// <param name="mostFirst">A longer first line is <paramref name="firstTooLong"/>.</param>
    /// <param name="length">The head's length where it is whole, its empty line included; else 0.</param>
    /// <param name="tooLarge">The fault for too many bytes.</param>
    /// <param name="tooMany">The fault for too many lines.</param>
    /// <param name="firstTooLong">The fault for the first line.</param>
    /// <param name="invalid">The fault for a line that does not end with CR LF.</param>
    public FaultKind Find(
        in ReadOnlySequence<byte> buffer,
        int mostBytes,
        int mostLines,
        int mostFirst,
        out int length,
        FaultKind tooLarge,
        FaultKind tooMany,
        FaultKind firstTooLong,
        FaultKind invalid)
    {
        length = 0;
        var available = buffer.Length;
        var window = buffer.Slice(_looked, Math.Min(available, mostBytes) - _looked);
        foreach (var piece in window)
        {
            var span = piece.Span;
            var start = 0;
            for (var feed = span.IndexOf((byte)'\n'); feed >= 0; feed = span[start..].IndexOf((byte)'\n'))
            {
                var at = start + feed;
                var end = _looked + at;
                if (_lines == 0 && end >= mostFirst)
                {
                    return firstTooLong;
                }

                if ((at > 0 ? span[at - 1] : _last) != '\r' || end == _lineStart)
                {
                    return invalid;
                }

                if (end == _lineStart + 1)
                {
                    length = end + 1;
                    return FaultKind.None;
                }

                if (++_lines > mostLines)
                {
                    return tooMany;
                }

                start = at + 1;
                _lineStart = end + 1;
            }

            _looked += span.Length;
            _last = span.Length > 0 ? span[^1] : _last;
        }

        return _lines == 0 && _looked > mostFirst ? firstTooLong
            : available >= mostBytes ? tooLarge
            : FaultKind.None;
    }
}
