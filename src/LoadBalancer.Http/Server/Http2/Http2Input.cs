// Long because it is the one place that knows what each frame may be: a check that stands elsewhere is a check that another path leaves out.
using System.Buffers;
using System.Buffers.Binary;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2.Hpack;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// Reads the frames of one connection and does what they say (RFC 9113 sections 4 to 6). What no client does that is in order ends the
/// connection, where the RFC would let it end a stream: so that nobody makes lb reset streams for nothing. Touched only on its loop.
/// </summary>
internal sealed class Http2Input
{
    /// <summary>The length of a setting.</summary>
    public const int SettingBytes = 6;

    /// <summary>Frames that a head may have behind its first: at 16 KiB each, more than the largest head.</summary>
    private const int MostContinuations = 80;

    /// <summary>What a block may have beyond the head that is let pass, before it is decoded: its coding is hardly ever longer than its text.</summary>
    private const int BlockSlack = 16 * 1024;

    /// <summary>A frame of data from which on much is to come.</summary>
    private const int MuchBytes = 8 * 1024;

    private const int PriorityBytes = 5;
    private const int PingBytes = 8;
    private const int SettingsCost = 10;
    private const int ContinuationCost = 10;

    private readonly Http2Session _session;
    private readonly HpackDecoder _decoder = new();
    private LoopDeadline? _settingsAck;
    private byte[] _block = [];
    private int _blockLength;
    private int _blockStream;
    private int _continuations;
    private long _dataFrames;
    private bool _blockEnds;
    private bool _hasPreface;
    private bool _hasSettings;

    /// <summary>One for a session.</summary>
    public Http2Input(Http2Session session) => _session = session;

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

    /// <summary>The settings are sent: the client has to say that it knows them.</summary>
    public void Begin()
    {
        _settingsAck = new LoopDeadline(_session.Loop, static session => ((Http2Session)session).Fail(Http2Error.SettingsTimeout), _session);
        _settingsAck.Set(_session.Proxy.Options.Timeouts.Head);
    }

    /// <summary>Gives back what is held.</summary>
    public void End()
    {
        _settingsAck?.End();
        DropBlock();
    }

    /// <summary>Takes the frames that are whole, until the session ends or is congested.</summary>
    /// <returns>What was not taken.</returns>
    public ReadOnlySequence<byte> Take(ReadOnlySequence<byte> rest)
    {
        if (!_hasPreface && !TryTakePreface(ref rest))
        {
            return rest;
        }

        while (!rest.IsEmpty && !_session.IsEnding && !_session.Output.IsCongested)
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

    private bool TryTakePreface(ref ReadOnlySequence<byte> rest)
    {
        Span<byte> start = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(rest.Length, Preface.Length);
        rest.Slice(0, length).CopyTo(start);
        if (!start[..length].SequenceEqual(Preface[..length]))
        {
            _session.Fail(Http2Error.ProtocolError);
            return false;
        }

        if (length < Preface.Length)
        {
            return false;
        }

        _hasPreface = true;
        rest = rest.Slice(length);
        return true;
    }

    private int TakeWhole(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (bytes.Length - at >= FrameHeader.Bytes && !_session.IsEnding && !_session.Output.IsCongested)
        {
            var header = FrameHeader.Read(bytes[at..]);
            if (header.Length > FrameHeader.MostPayload)
            {
                _session.Fail(Http2Error.FrameSizeError);
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

        var joined = _session.Loop.LargeBlocks.Rent();
        rest.Slice(0, length).CopyTo(joined);
        TakeWhole(joined.AsSpan(0, length));
        _session.Loop.LargeBlocks.Return(joined);
        rest = rest.Slice(length);
        return true;
    }

    private void OnFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (!_hasSettings && (header.Kind != FrameKind.Settings || (header.Flags & FrameFlags.Ack) != 0))
        {
            _session.Fail(Http2Error.ProtocolError);
            return;
        }

        if (_blockStream != 0 && (header.Kind != FrameKind.Continuation || header.StreamId != _blockStream))
        {
            _session.Fail(Http2Error.ProtocolError);
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
            FrameKind.GoAway => header.StreamId != 0 ? Http2Error.ProtocolError : payload.Length < PingBytes ? Http2Error.FrameSizeError : Spend(),
            FrameKind.WindowUpdate => OnWindowUpdate(header, payload),
            FrameKind.Continuation => OnContinuation(header, payload),
            FrameKind.PushPromise => Http2Error.ProtocolError,
            _ => Spend(),
        };
        if (error == Http2Error.EnhanceYourCalm)
        {
            _session.FailFlood();
        }
        else if (error != Http2Error.NoError)
        {
            _session.Fail(error);
        }
    }

    private Http2Error Spend(int cost = 1) => _session.Guard.Take(_session.Loop.NowMs, cost) ? Http2Error.NoError : Http2Error.EnhanceYourCalm;

    private bool IsIdle(int streamId) => streamId > _session.LastStreamId || (streamId & 1) == 0;

    private Http2Error OnData(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var output = _session.Output;
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

        if (!_session.Streams.TryGetValue(header.StreamId, out var stream) || stream.IsReset)
        {
            output.Credit(header.Length);
            return stream is not null || _session.WasReset(header.StreamId) ? Spend() : Http2Error.StreamClosed;
        }

        if (stream.Reader.HasEnded)
        {
            return Http2Error.StreamClosed;
        }

        if (header.Length >= MuchBytes)
        {
            _session.Client.ReadsMuch = true;
        }

        switch (stream.Reader.Receive(payload, padding, ends))
        {
            case Http2Error.FlowControlError:
                return Http2Error.FlowControlError;
            case Http2Error.ProtocolError:
                output.Credit(header.Length);
                _session.Refuse(stream, Http2Error.ProtocolError, FaultKind.BodyInvalid);
                return Http2Error.NoError;
            default:
                return Http2Error.NoError;
        }
    }

    private Http2Error OnHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if ((header.StreamId & 1) == 0 || !TryUnpad(header.Flags, ref payload, out _))
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
        if (_session.Clock.Awaits != ClientAct.Head)
        {
            _session.Clock.Await(ClientAct.Head, (long)_session.Proxy.Options.Timeouts.Head.TotalMilliseconds);
        }

        return Collect(payload);
    }

    private Http2Error OnContinuation(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (_blockStream == 0)
        {
            return Http2Error.ProtocolError;
        }

        if (++_continuations > MostContinuations || Spend(ContinuationCost) != Http2Error.NoError)
        {
            return Http2Error.EnhanceYourCalm;
        }

        var error = Collect(payload);
        if (error != Http2Error.NoError || (header.Flags & FrameFlags.EndHeaders) == 0)
        {
            return error;
        }

        var stream = _blockStream;
        _blockStream = 0;
        if (_session.Streams.Count > 0)
        {
            _session.Clock.Stop();
        }

        error = OnBlock(stream, _block.AsSpan(0, _blockLength), _blockEnds);
        DropBlock();
        return error;
    }

    private Http2Error Collect(ReadOnlySpan<byte> fragment)
    {
        if (_blockLength + fragment.Length > _session.Proxy.HeadLimits.HeadBytes + BlockSlack)
        {
            return Http2Error.EnhanceYourCalm;
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

    private Http2Error OnBlock(int streamId, ReadOnlySpan<byte> block, bool ends)
    {
        if (_session.Streams.TryGetValue(streamId, out var stream) && !stream.IsReset)
        {
            return stream.Reader.HasEnded ? Http2Error.StreamClosed : OnTrailers(stream, block, ends);
        }

        if (streamId > _session.LastStreamId)
        {
            _session.Open(streamId, _decoder, block, ends);
            return Http2Error.NoError;
        }

        // Trailers that were on their way when the stream was reset: the tables have to be kept in step.
        if (stream is null && !_session.WasReset(streamId))
        {
            return Http2Error.StreamClosed;
        }

        return Http2HeadReader.ReadTrailers(_decoder, block, new HeaderList(), _session.Proxy.HeadLimits) == BlockOutcome.Broken ? Http2Error.CompressionError : Spend();
    }

    private Http2Error OnTrailers(Http2Stream stream, ReadOnlySpan<byte> block, bool ends)
    {
        var trailers = stream.Reader.TrailerList;
        switch (Http2HeadReader.ReadTrailers(_decoder, block, trailers, stream.Exchange!.Proxy.HeadLimits))
        {
            case BlockOutcome.Broken:
                return Http2Error.CompressionError;
            case BlockOutcome.Malformed:
                ends = false;
                break;
        }

        if (!ends || !stream.Reader.End(trailers.Count > 0))
        {
            _session.Refuse(stream, Http2Error.ProtocolError, FaultKind.BodyInvalid);
        }

        return Http2Error.NoError;
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

        if (!_session.Streams.TryGetValue(header.StreamId, out var stream))
        {
            return Spend();
        }

        _session.GiveUp(stream, new Fault(FaultSide.Client, FaultKind.ClientClosed));
        return _session.Guard.TakeReset(_session.Loop.NowMs) ? Http2Error.NoError : Http2Error.EnhanceYourCalm;
    }

    private Http2Error OnSettings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.StreamId != 0)
        {
            return Http2Error.ProtocolError;
        }

        if ((header.Flags & FrameFlags.Ack) != 0)
        {
            _settingsAck?.End();
            _settingsAck = null;
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
        }

        _session.Output.WriteFrame(FrameKind.Settings, FrameFlags.Ack, 0, default);
        return Spend(SettingsCost);
    }

    private Http2Error Set(SettingId id, uint value)
    {
        switch (id)
        {
            case SettingId.HeaderTableSize:
                if (value < HpackDecoder.TableSize)
                {
                    _session.Output.Encoder.TableChanged();
                }

                return Http2Error.NoError;
            case SettingId.EnablePush or SettingId.EnableConnectProtocol:
                return value > 1 ? Http2Error.ProtocolError : Http2Error.NoError;
            case SettingId.InitialWindowSize:
                return value <= int.MaxValue && _session.TrySetInitialWindow((int)value) ? Http2Error.NoError : Http2Error.FlowControlError;
            case SettingId.MaxFrameSize:
                return value is < FrameHeader.MostPayload or >= 1 << 24 ? Http2Error.ProtocolError : Http2Error.NoError;
            default:
                return Http2Error.NoError;
        }
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
            _session.Refuse();
            return Spend();
        }

        _session.Output.WriteFrame(FrameKind.Ping, FrameFlags.Ack, 0, payload);
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
        var output = _session.Output;
        if (more == 0 || (header.StreamId != 0 && IsIdle(header.StreamId)))
        {
            return Http2Error.ProtocolError;
        }

        _session.Guard.Earn((int)Math.Min(2 * (output.DataFrames - _dataFrames), int.MaxValue));
        _dataFrames = output.DataFrames;
        if (header.StreamId == 0)
        {
            if ((long)output.Window + more > int.MaxValue)
            {
                return Http2Error.FlowControlError;
            }

            output.Window += more;
            output.Schedule();
        }
        else if (_session.Streams.TryGetValue(header.StreamId, out var stream))
        {
            if ((long)stream.Writer.Window + more > int.MaxValue)
            {
                return Http2Error.FlowControlError;
            }

            stream.Writer.Window += more;
            output.Enqueue(stream.Writer);
        }

        return Spend();
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
