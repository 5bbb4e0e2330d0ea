namespace LoadBalancer.Connections.Sniffing;

/// <summary>
/// Reads a handshake message across the TLS records that carry it (RFC 8446, section 5.1), in place. It fails once and
/// for all: after that every read gives 0, and <see cref="Outcome"/> says why.
/// </summary>
/// <param name="wire">Everything received so far.</param>
internal ref struct HandshakeCursor(ReadOnlySpan<byte> wire)
{
    private const byte HandshakeRecord = 22;
    private const int RecordHeadBytes = 5;
    private const int LongestRecord = 16 * 1024;

    private readonly ReadOnlySpan<byte> _wire = wire;
    private int _at;
    private int _leftInRecord;
    private int _position;
    private int _end = int.MaxValue;

    /// <summary><see cref="ClientHelloOutcome.Complete"/> until something fails.</summary>
    public ClientHelloOutcome Outcome { get; private set; } = ClientHelloOutcome.Complete;

    /// <summary>How many bytes of the message have been read.</summary>
    public readonly int Position => _position;

    /// <summary>True where the message has been read to its end, or the cursor has failed.</summary>
    public readonly bool IsAtEnd => _position >= _end || Outcome != ClientHelloOutcome.Complete;

    /// <summary>Says that the message ends after <paramref name="bytes"/> more; reading beyond is malformed.</summary>
    public void EndAfter(int bytes) => _end = _position + bytes;

    /// <summary>Fails.</summary>
    public void Fail(ClientHelloOutcome outcome)
    {
        if (Outcome == ClientHelloOutcome.Complete)
        {
            Outcome = outcome;
        }
    }

    /// <summary>A number of one byte.</summary>
    public int Read8()
    {
        Span<byte> value = stackalloc byte[1];
        return Take(1, value) ? value[0] : 0;
    }

    /// <summary>A number of two bytes.</summary>
    public int Read16() => (Read8() << 8) | Read8();

    /// <summary>A number of three bytes.</summary>
    public int Read24() => (Read16() << 8) | Read8();

    /// <summary>Fills <paramref name="into"/>.</summary>
    public void Read(scoped Span<byte> into) => Take(into.Length, into);

    /// <summary>Passes over bytes.</summary>
    public void Skip(int bytes) => Take(bytes, default);

    private bool Take(int count, scoped Span<byte> into)
    {
        if (count > _end - _position)
        {
            Fail(ClientHelloOutcome.Malformed);
        }

        while (count > 0 && Outcome == ClientHelloOutcome.Complete)
        {
            if (_leftInRecord == 0 && !BeginRecord())
            {
                break;
            }

            var taken = Math.Min(Math.Min(count, _leftInRecord), _wire.Length - _at);
            if (taken == 0)
            {
                Fail(ClientHelloOutcome.Incomplete);
                break;
            }

            if (!into.IsEmpty)
            {
                _wire.Slice(_at, taken).CopyTo(into);
                into = into[taken..];
            }

            _at += taken;
            _position += taken;
            _leftInRecord -= taken;
            count -= taken;
        }

        return Outcome == ClientHelloOutcome.Complete;
    }

    private bool BeginRecord()
    {
        var head = _wire[_at..];
        if (head.Length > 0 && head[0] != HandshakeRecord)
        {
            Fail(_at == 0 ? ClientHelloOutcome.NotTls : ClientHelloOutcome.Malformed);
        }
        else if (head.Length > 1 && head[1] != 3)
        {
            // The major version of everything from SSL 3.0 to TLS 1.3; the minor one says nothing (RFC 8446, appendix D).
            Fail(_at == 0 ? ClientHelloOutcome.NotTls : ClientHelloOutcome.Malformed);
        }
        else if (head.Length < RecordHeadBytes)
        {
            Fail(ClientHelloOutcome.Incomplete);
        }
        else
        {
            _leftInRecord = (head[3] << 8) | head[4];
            _at += RecordHeadBytes;
            if (_leftInRecord is 0 or > LongestRecord)
            {
                // An empty fragment of a handshake must not be sent.
                Fail(ClientHelloOutcome.Malformed);
            }
        }

        return Outcome == ClientHelloOutcome.Complete;
    }
}
