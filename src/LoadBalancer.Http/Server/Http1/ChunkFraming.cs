namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// What stands between the data of a chunked body (RFC 9112 section 7.1), byte by byte, so that it may come in any pieces: sizes,
/// extensions, line ends. Strict: digits, then the line's end or a semicolon, and CR LF always (CVE-2025-55315).
/// </summary>
internal struct ChunkFraming
{
    /// <summary>A chunk's extension is of no use to anybody; one that is longer is an attack, and so is a body of many (CVE-2023-39326).</summary>
    private const int MostExtensionBytes = 256;

    private const int MostExtensionBytesOfBody = 8 * 1024;

    /// <summary>Zeros before it count: a size is never longer than a number of 64 bits.</summary>
    private const int MostDigits = 16;

    private State _state;
    private int _digits;
    private int _extension;
    private int _extensions;

    private enum State : byte
    {
        Size,
        Extension,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        Trailers,
        Failed,
    }

    /// <summary>The size of the chunk, as far as it was read, and then what is to come of its data.</summary>
    public long Remaining { get; private set; }

    /// <summary>True where the next byte is one of <see cref="Remaining"/> bytes of data.</summary>
    public readonly bool IsAtData => _state == State.Data;

    /// <summary>True behind the size of the last chunk: trailers and an empty line follow.</summary>
    public readonly bool IsAtTrailers => _state == State.Trailers;

    /// <summary>True where a rule was broken.</summary>
    public readonly bool HasFailed => _state == State.Failed;

    /// <summary>Reads framing, up to data, the trailers or a broken rule.</summary>
    /// <returns>How many bytes of <paramref name="span"/> it was.</returns>
    public int Read(ReadOnlySpan<byte> span)
    {
        var at = 0;
        while (at < span.Length && _state is not (State.Data or State.Trailers or State.Failed))
        {
            _state = Next(span[at++]);
        }

        return at;
    }

    /// <summary>Takes data of the chunk, <see cref="Remaining"/> at most.</summary>
    public void Take(long bytes)
    {
        Remaining -= bytes;
        if (Remaining == 0)
        {
            _state = State.DataReturn;
        }
    }

    private State Next(byte value) => _state switch
    {
        State.Size => OfSize(value),
        State.Extension => OfExtension(value),
        State.SizeLineFeed => value != '\n' ? State.Failed : Remaining > 0 ? State.Data : State.Trailers,
        State.DataReturn => value == '\r' ? State.DataLineFeed : State.Failed,
        State.DataLineFeed => value == '\n' ? BeginSize() : State.Failed,
        _ => State.Failed,
    };

    private State BeginSize()
    {
        _digits = _extension = 0;
        return State.Size;
    }

    private State OfSize(byte value)
    {
        if (char.IsAsciiHexDigit((char)value))
        {
            Remaining = (Remaining << 4) | (uint)(value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
            return ++_digits > MostDigits || Remaining < 0 ? State.Failed : State.Size;
        }

        return _digits == 0 ? State.Failed
            : value == '\r' ? State.SizeLineFeed
            : value == ';' ? State.Extension
            : State.Failed;
    }

    private State OfExtension(byte value)
    {
        if (value == '\r')
        {
            return State.SizeLineFeed;
        }

        return ++_extension > MostExtensionBytes || ++_extensions > MostExtensionBytesOfBody || (value < ' ' && value != '\t') || value is 0x7f or 0xff
            ? State.Failed
            : State.Extension;
    }
}
