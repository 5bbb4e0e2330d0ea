namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Where frames end in what one side of a WebSocket sends (RFC 6455 section 5.2): between two of them a frame of our own may stand. It costs a
/// subtraction for each read, and a few operations for each frame.
/// </summary>
internal struct WebSocketFrames
{
    private const int Close = 0x8;

    private ulong _left;
    private ulong _length;
    private int _head;
    private int _lengthBytes;
    private int _maskBytes;

    /// <summary>True where no frame is under way.</summary>
    public readonly bool IsBetween => _left == 0 && _head == 0;

    /// <summary>True where a Close frame has begun: nothing follows it.</summary>
    public bool HasClosed { get; private set; }

    /// <summary>Follows what was sent.</summary>
    /// <param name="bytes">The next bytes.</param>
    /// <param name="toBoundary">True to go no further than to the end of the frame that is under way.</param>
    /// <returns>How many bytes were followed.</returns>
    public int Take(ReadOnlySpan<byte> bytes, bool toBoundary)
    {
        for (var at = 0; at < bytes.Length;)
        {
            if (_left > 0)
            {
                var some = (int)Math.Min(_left, (ulong)(bytes.Length - at));
                _left -= (ulong)some;
                at += some;
            }
            else
            {
                TakeHead(bytes[at++]);
            }

            if (toBoundary && IsBetween)
            {
                return at;
            }
        }

        return bytes.Length;
    }

    private void TakeHead(byte next)
    {
        switch (_head++)
        {
            case 0:
                HasClosed |= (next & 0x0F) == Close;
                return;
            case 1:
                _maskBytes = (next & 0x80) != 0 ? 4 : 0;
                _lengthBytes = (next & 0x7F) switch { 127 => 8, 126 => 2, _ => 0 };
                _length = _lengthBytes == 0 ? next & 0x7Fu : 0;
                break;
            default:
                _length = (_length << 8) | next;
                _lengthBytes--;
                break;
        }

        if (_lengthBytes == 0)
        {
            _left = _length + (ulong)_maskBytes;
            _head = 0;
        }
    }
}
