// Long because it is the one place that knows what each frame may be: a check that stands elsewhere is a check that another path leaves out.
using System.Buffers;
using System.Buffers.Binary;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// Reads the frames of one connection and does what they say (RFC 9113 sections 4 to 6). What no peer does that is in order ends the
/// connection, where the RFC would let it end a stream: so that nobody makes lb reset streams for nothing. Touched only on its loop.
/// </summary>
internal abstract class Http2Input
{
    /// <summary>The length of a setting.</summary>
    public const int SettingBytes = 6;

    /// <summary>Frames that a head may have behind its first: at 16 KiB each, more than the largest head.</summary>
    private const int MostContinuations = 80;

    /// <summary>A frame of data from which on much is to come.</summary>
    private const int MuchBytes = 8 * 1024;

    private const int PriorityBytes = 5;
    private const int PingBytes = 8;
    private const int SettingsCost = 10;
    private const int ContinuationCost = 10;

    /// <summary>A piece of a block from which on nobody sends it to make many of few bytes: how many there are is bounded by how long a block may be.</summary>
    private const int FairPieceBytes = 1024;

    private readonly IHttp2Connection _connection;
    private byte[] _block = [];
    private int _blockLength;
    private int _blockStream;
    private int _continuations;
    private bool _blockEnds;
    private bool _hasSettings;

    /// <summary>One for a connection.</summary>
    protected Http2Input(IHttp2Connection connection) => _connection = connection;

    /// <summary>What reads the header blocks; every one, in their order.</summary>
    protected HpackDecoder Decoder { get; } = new();

    /// <summary>What every connection begins with (RFC 9113 section 3.4).</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>True where neither the client's first settings nor the rest of a head are waited for.</summary>
    public bool IsBetweenHeads => _hasSettings && _blockStream == 0;

    /// <summary>Writes a setting.</summary>
    public static void WriteSetting(Span<byte> room, SettingId id, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)id);
        BinaryPrimitives.WriteInt32BigEndian(room[sizeof(ushort)..], value);
    }

    /// <summary>Gives back what is held.</summary>
    public virtual void End() => DropBlock();

    /// <summary>Takes the frames that are whole, until the session ends or is congested.</summary>
    /// <returns>What was not taken.</returns>
    public ReadOnlySequence<byte> Take(ReadOnlySequence<byte> rest)
    {
        if (!TryTakeStart(ref rest))
        {
            return rest;
        }

        while (!rest.IsEmpty && !_connection.IsEnding && !_connection.Output.IsCongested)
        {
            var taken = TakeWhole(rest.FirstSpan);
            if (taken > 0)
            {
                rest = rest.Slice(taken);
            }
            else if (rest.IsSingleSegment || !TryTakeSplit(ref rest))
            {
                break;
            }
        }

        return rest;
    }

    /// <summary>Takes what the peer sends before its first frame; false where not all of it is there.</summary>
    protected virtual bool TryTakeStart(ref ReadOnlySequence<byte> rest) => true;

    /// <summary>The stream, be it reset or not; null where it is none that is open.</summary>
    protected abstract IHttp2Stream? Find(int streamId);

    /// <summary>True where nobody has opened the stream yet.</summary>
    protected abstract bool IsIdle(int streamId);

    /// <summary>True where HEADERS may come on the stream as far as its number goes.</summary>
    protected abstract bool MayHaveHead(int streamId);

    /// <summary>True where DATA may come on a stream that is open: its head has come.</summary>
    protected virtual bool MayHaveData(IHttp2Stream stream) => true;

    /// <summary>True where the stream was reset by lb before the peer had sent all: frames of it may still come.</summary>
    protected abstract bool WasReset(int streamId);

    /// <summary>The stream breaks a rule, and ends.</summary>
    protected abstract void Refuse(IHttp2Stream stream);

    /// <summary>Much is to come.</summary>
    protected abstract void OnMuch();

    /// <summary>How long a block may be before it is decoded, in bytes.</summary>
    protected abstract int MostBlockBytes { get; }

    /// <summary>A block is longer than that.</summary>
    protected virtual Http2Error OnBlockTooLong() => Http2Error.EnhanceYourCalm;

    /// <summary>A block has begun that is not whole.</summary>
    protected abstract void OnBlockBegun();

    /// <summary>It is whole now.</summary>
    protected abstract void OnBlockWhole();

    /// <summary>A block is whole. It has to be decoded, whatever becomes of it.</summary>
    protected abstract Http2Error OnBlock(int streamId, ReadOnlySpan<byte> block, bool ends);

    /// <summary>The peer has reset a stream that is not idle.</summary>
    protected abstract Http2Error OnReset(int streamId, Http2Error error);

    /// <summary>The peer has told its settings for the first time.</summary>
    protected abstract void OnFirstSettings();

    /// <summary>It knows ours.</summary>
    protected abstract void OnSettingsAck();

    /// <summary>It takes another amount on new streams, and on those that are open; false where a window would be larger than it can be.</summary>
    protected abstract bool TrySetInitialWindow(int window);

    /// <summary>It takes so many streams at once.</summary>
    protected virtual void OnMostStreams(uint count)
    {
    }

    /// <summary>It has answered a PING.</summary>
    protected abstract void OnPong();

    /// <summary>It ends the connection by and by, and has not looked at streams above <paramref name="lastStreamId"/>.</summary>
    /// <param name="lastStreamId">The highest number of a stream that it may have looked at.</param>
    /// <param name="reason">Why it does so: an <see cref="Http2Error"/>, or a number that is none.</param>
    /// <param name="text">What it says about that, in no known form; may be empty.</param>
    protected virtual Http2Error OnGoAway(int lastStreamId, uint reason, ReadOnlySpan<byte> text) => Http2Error.NoError;

    /// <summary>Counts a frame that asks for nothing, as <paramref name="cost"/> of them.</summary>
    protected Http2Error Spend(int cost = 1) => _connection.Guard.Take(_connection.Loop.NowMs, cost) ? Http2Error.NoError : Http2Error.EnhanceYourCalm;

    private int TakeWhole(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (bytes.Length - at >= FrameHeader.Bytes && !_connection.IsEnding && !_connection.Output.IsCongested)
        {
            var header = FrameHeader.Read(bytes[at..]);
            if (header.Length > FrameHeader.MostPayload)
            {
                _connection.Fail(Http2Error.FrameSizeError);
                break;
            }

            var end = at + FrameHeader.Bytes + header.Length;
            if (end > bytes.Length)
            {
                break;
            }

            OnFrame(header, bytes[(at + FrameHeader.Bytes)..end]);
            at = end;
        }

        return at;
    }

    /// <summary>A frame that lies in more than one block; false where it is not whole.</summary>
    private bool TryTakeSplit(ref ReadOnlySequence<byte> rest)
    {
        if (rest.Length < FrameHeader.Bytes)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[FrameHeader.Bytes];
        rest.Slice(0, FrameHeader.Bytes).CopyTo(start);
        var length = FrameHeader.Bytes + FrameHeader.Read(start).Length;
        if (length > FrameHeader.Bytes + FrameHeader.MostPayload)
        {
            TakeWhole(start);
            return false;
        }

        if (rest.Length < length)
        {
            return false;
        }

        var joined = _connection.Loop.LargeBlocks.Rent();
        rest.Slice(0, length).CopyTo(joined);
        TakeWhole(joined.AsSpan(0, length));
        _connection.Loop.LargeBlocks.Return(joined);
        rest = rest.Slice(length);
        return true;
    }

    private void OnFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!_hasSettings && (header.Kind != FrameKind.Settings || (header.Flags & FrameFlags.Ack) != 0))
        {
            _connection.Fail(Http2Error.ProtocolError);
            return;
        }

        if (_blockStream != 0 && (header.Kind != FrameKind.Continuation || header.StreamId != _blockStream))
        {
            _connection.Fail(Http2Error.ProtocolError);
            return;
        }

        var error = header.Kind switch
        {
            FrameKind.Data => OnData(header, payload),
            FrameKind.Headers => OnHeaders(header, payload),
            FrameKind.Priority => OnPriority(header, payload),
            FrameKind.ResetStream => OnResetStream(header, payload),
            FrameKind.Settings => OnSettings(header, payload),
            FrameKind.Ping => OnPing(header, payload),
            FrameKind.GoAway => OnGoAway(header, payload),
            FrameKind.WindowUpdate => OnWindowUpdate(header, payload),
            FrameKind.Continuation => OnContinuation(header, payload),
            FrameKind.PushPromise => Http2Error.ProtocolError,
            _ => Spend(),
        };
        if (error == Http2Error.EnhanceYourCalm)
        {
            _connection.FailFlood();
        }
        else if (error != Http2Error.NoError)
        {
            _connection.Fail(error);
        }
    }

    private Http2Error OnData(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var output = _connection.Output;
        if (IsIdle(header.StreamId) || !TryUnpad(header.Flags, ref payload, out var padding))
        {
            return Http2Error.ProtocolError;
        }

        output.ReceiveRemaining -= header.Length;
        if (output.ReceiveRemaining < 0)
        {
            return Http2Error.FlowControlError;
        }

        var ends = (header.Flags & FrameFlags.EndStream) != 0;
        if (payload.IsEmpty && !ends && Spend(2) is var flood and not Http2Error.NoError)
        {
            return flood;
        }

        if (Find(header.StreamId) is not { IsReset: false } stream)
        {
            output.Credit(header.Length);
            return Find(header.StreamId) is not null || WasReset(header.StreamId) ? Spend() : Http2Error.StreamClosed;
        }

        if (stream.Reader.HasEnded)
        {
            return Http2Error.StreamClosed;
        }

        if (header.Length >= MuchBytes)
        {
            OnMuch();
        }

        switch (MayHaveData(stream) ? stream.Reader.Receive(payload, padding, ends) : Http2Error.ProtocolError)
        {
            case Http2Error.FlowControlError:
                return Http2Error.FlowControlError;
            case Http2Error.ProtocolError:
                output.Credit(header.Length);
                Refuse(stream);
                return Http2Error.NoError;
            default:
                return Http2Error.NoError;
        }
    }

    private Http2Error OnHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!MayHaveHead(header.StreamId) || !TryUnpad(header.Flags, ref payload, out _))
        {
            return Http2Error.ProtocolError;
        }

        if ((header.Flags & FrameFlags.Priority) != 0)
        {
            if (payload.Length < PriorityBytes)
            {
                return Http2Error.FrameSizeError;
            }

            payload = payload[PriorityBytes..];
        }

        var ends = (header.Flags & FrameFlags.EndStream) != 0;
        if ((header.Flags & FrameFlags.EndHeaders) != 0)
        {
            return OnBlock(header.StreamId, payload, ends);
        }

        (_blockStream, _blockEnds, _continuations, _blockLength) = (header.StreamId, ends, 0, 0);
        OnBlockBegun();
        return Collect(payload);
    }

    private Http2Error OnContinuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_blockStream == 0)
        {
            return Http2Error.ProtocolError;
        }

        // The last of a block may well be short, and there is one for each request.
        var isLast = (header.Flags & FrameFlags.EndHeaders) != 0;
        var cost = payload.Length >= FairPieceBytes ? 0 : isLast ? 1 : ContinuationCost;
        if (++_continuations > MostContinuations || Spend(cost) != Http2Error.NoError)
        {
            return Http2Error.EnhanceYourCalm;
        }

        var error = Collect(payload);
        if (error != Http2Error.NoError || !isLast)
        {
            return error;
        }

        var stream = _blockStream;
        _blockStream = 0;
        OnBlockWhole();
        error = OnBlock(stream, _block.AsSpan(0, _blockLength), _blockEnds);
        DropBlock();
        return error;
    }

    private Http2Error Collect(ReadOnlySpan<byte> fragment)
    {
        if (_blockLength + fragment.Length > MostBlockBytes)
        {
            return OnBlockTooLong();
        }

        if (_block.Length - _blockLength < fragment.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_blockLength + fragment.Length + FrameHeader.MostPayload);
            _block.AsSpan(0, _blockLength).CopyTo(larger);
            if (_block.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_block);
            }

            _block = larger;
        }

        fragment.CopyTo(_block.AsSpan(_blockLength));
        _blockLength += fragment.Length;
        return Http2Error.NoError;
    }

    private void DropBlock()
    {
        if (_block.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = [];
        }
    }

    private Http2Error OnPriority(in FrameHeader header, ReadOnlySpan<byte> payload) =>
        header.StreamId == 0 ? Http2Error.ProtocolError : payload.Length != PriorityBytes ? Http2Error.FrameSizeError : Spend();

    private Http2Error OnResetStream(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (payload.Length != sizeof(int))
        {
            return Http2Error.FrameSizeError;
        }

        if (IsIdle(header.StreamId))
        {
            return Http2Error.ProtocolError;
        }

        return OnReset(header.StreamId, (Http2Error)BinaryPrimitives.ReadInt32BigEndian(payload));
    }

    private Http2Error OnSettings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0)
        {
            return Http2Error.ProtocolError;
        }

        if ((header.Flags & FrameFlags.Ack) != 0)
        {
            OnSettingsAck();
            return payload.IsEmpty ? Spend() : Http2Error.FrameSizeError;
        }

        if (payload.Length % SettingBytes != 0)
        {
            return Http2Error.FrameSizeError;
        }

        for (; !payload.IsEmpty; payload = payload[SettingBytes..])
        {
            var error = Set((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[sizeof(ushort)..]));
            if (error != Http2Error.NoError)
            {
                return error;
            }
        }

        if (!_hasSettings)
        {
            _hasSettings = true;
            OnFirstSettings();
        }

        _connection.Output.WriteFrame(FrameKind.Settings, FrameFlags.Ack, 0, default);
        return Spend(SettingsCost);
    }

    private Http2Error Set(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.HeaderTableSize:
                if (value < HpackDecoder.TableSize)
                {
                    _connection.Output.Encoder.TableChanged();
                }

                return Http2Error.NoError;
            case SettingId.EnablePush or SettingId.EnableConnectProtocol:
                return value > 1 ? Http2Error.ProtocolError : Http2Error.NoError;
            case SettingId.InitialWindowSize:
                return value <= int.MaxValue && TrySetInitialWindow((int)value) ? Http2Error.NoError : Http2Error.FlowControlError;
            case SettingId.MaxFrameSize:
                return value is < FrameHeader.MostPayload or >= 1 << 24 ? Http2Error.ProtocolError : Http2Error.NoError;
            case SettingId.MaxConcurrentStreams:
                OnMostStreams(value);
                return Http2Error.NoError;
            default:
                return Http2Error.NoError;
        }
    }

    private Http2Error OnGoAway(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0 || payload.Length < PingBytes)
        {
            return header.StreamId != 0 ? Http2Error.ProtocolError : Http2Error.FrameSizeError;
        }

        var error = OnGoAway(BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(payload[4..]), payload[8..]);
        return error == Http2Error.NoError ? Spend() : error;
    }

    private Http2Error OnPing(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0)
        {
            return Http2Error.ProtocolError;
        }

        if (payload.Length != PingBytes)
        {
            return Http2Error.FrameSizeError;
        }

        if ((header.Flags & FrameFlags.Ack) != 0)
        {
            OnPong();
            return Spend();
        }

        _connection.Output.WriteFrame(FrameKind.Ping, FrameFlags.Ack, 0, payload);
        return Spend();
    }

    private Http2Error OnWindowUpdate(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (payload.Length != sizeof(int))
        {
            return Http2Error.FrameSizeError;
        }

        // Section 6.9.1 would let the last two end a stream only.
        var more = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
        var output = _connection.Output;
        if (more == 0 || (header.StreamId != 0 && IsIdle(header.StreamId)))
        {
            return Http2Error.ProtocolError;
        }

        if (header.StreamId == 0)
        {
            if ((long)output.Window + more > int.MaxValue)
            {
                return Http2Error.FlowControlError;
            }

            output.Window += more;
            output.Schedule();
        }
        else if (Find(header.StreamId) is { } stream)
        {
            if ((long)stream.Writer.Window + more > int.MaxValue)
            {
                return Http2Error.FlowControlError;
            }

            stream.Writer.Window += more;
            output.Enqueue(stream.Writer);
        }

        return _connection.Guard.TakeUpdate(_connection.Loop.NowMs) ? Http2Error.NoError : Http2Error.EnhanceYourCalm;
    }

    private static bool TryUnpad(FrameFlags flags, ref ReadOnlySpan<byte> payload, out int padding)
    {
        padding = 0;
        if ((flags & FrameFlags.Padded) == 0)
        {
            return true;
        }

        if (payload.IsEmpty || payload[0] >= payload.Length)
        {
            return false;
        }

        padding = payload[0] + 1;
        payload = payload[1..^(padding - 1)];
        return true;
    }
}
