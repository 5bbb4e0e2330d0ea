// Long because all that decides what is sent next stands together: the frames, the turns of the streams, the flush and what is held while it waits.
using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Http.Server.Http2.Hpack;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// What one connection is sent: frames of all its streams, one flush for all that a turn of the loop has made. While the client does not take
/// a flush, responses wait with their streams, and take turns of a frame each afterwards. Touched only on its loop.
/// </summary>
internal sealed class Http2Output
{
    /// <summary>What clients may send on all streams together before any of it is taken: so many slow endpoints do not stop the others, in bytes.</summary>
    public const int ReceiveWindow = 1024 * 1024;

    /// <summary>What is written before it is sent.</summary>
    private const int MostUnflushed = 64 * 1024;

    /// <summary>From here on a call of the kernel costs less than a copy.</summary>
    private const int WriteThroughFrom = 4 * 1024;

    /// <summary>What is written in one piece, be there room for less.</summary>
    private const int MostWhole = 1024;

    /// <summary>Answers to the client's frames that may wait for it: then no more of its frames are read.</summary>
    private const int MostHeld = 8 * 1024;

    private readonly IHttp2Connection _connection;
    private readonly Action _onFlushed;
    private readonly HpackEncoder _encoder = new();
    private ValueTaskAwaiter<FlushResult> _flush;
    private byte[] _held = [];
    private int _heldCount;
    private Http2BodyWriter? _first;
    private Http2BodyWriter? _last;
    private int _uncredited;
    private bool _posted;
    private bool _sending;
    private bool _broken;

    /// <summary>One for a connection.</summary>
    public Http2Output(IHttp2Connection connection)
    {
        _connection = connection;
        _onFlushed = OnFlushed;
    }

    /// <summary>How much more data the client takes on all streams together, in bytes.</summary>
    public int Window { get; set; } = Http2BodyReader.Window;

    /// <summary>How much more data the client may send on all streams together, in bytes.</summary>
    public int ReceiveRemaining { get; set; } = Http2BodyReader.Window;

    /// <summary>The next one after each call of the kernel: what was written in an earlier one cannot be changed any more.</summary>
    public long Epoch { get; private set; }

    /// <summary>True while the client has not taken what was sent.</summary>
    public bool IsFlushing { get; private set; }

    /// <summary>True where so much waits for the client that nothing more should be asked of it.</summary>
    public bool IsCongested => _heldCount >= MostHeld && !_broken;

    /// <summary>How the fields of responses are written.</summary>
    public HpackEncoder Encoder => _encoder;

    /// <summary>True where data may be written now; what fills a flush is sent first.</summary>
    public bool HasRoom
    {
        get
        {
            if (!IsFlushing && Pipe.UnflushedBytes >= MostUnflushed)
            {
                FlushPipe();
            }

            return !IsFlushing && !_broken;
        }
    }

    private PipeWriter Pipe => _connection.Pipe;

    /// <summary>True where a stream may write at once: nobody else waits for a turn.</summary>
    public bool MayWrite(Http2BodyWriter writer) => !_sending && !writer.IsQueued && _first is null && HasRoom;

    /// <summary>A stream waits for its turn, if its window lets it send anything.</summary>
    public void Enqueue(Http2BodyWriter writer)
    {
        if (!writer.IsQueued && writer.CanSend)
        {
            writer.IsQueued = true;
            writer.Next = null;
            if (_last is null)
            {
                _first = writer;
            }
            else
            {
                _last.Next = writer;
            }

            _last = writer;
            Schedule();
        }
    }

    /// <summary>A stream waits no more.</summary>
    public void Remove(Http2BodyWriter writer)
    {
        if (!writer.IsQueued)
        {
            return;
        }

        writer.IsQueued = false;
        Http2BodyWriter? before = null;
        for (var at = _first; at is not null; (before, at) = (at, at.Next))
        {
            if (at == writer)
            {
                if (before is null)
                {
                    _first = at.Next;
                }
                else
                {
                    before.Next = at.Next;
                }

                _last = _last == writer ? before : _last;
                return;
            }
        }
    }

    /// <summary>Sends what was written once everything else of this turn has had its go.</summary>
    public void Schedule()
    {
        if (!_posted && !IsFlushing)
        {
            _posted = true;
            _connection.Loop.Post(static output => ((Http2Output)output!).OnPosted(), this);
        }
    }

    /// <summary>Sends what was written, and what waits for its turn as far as it goes.</summary>
    public void Flush()
    {
        if (_sending || _broken)
        {
            return;
        }

        do
        {
            SendTurns();
            if (!IsFlushing && !_broken && Pipe.UnflushedBytes > 0)
            {
                FlushPipe();
            }
        }
        while (NextTurn() is not null && !IsFlushing && !_broken);
    }

    /// <summary>Writes a frame; while the client does not take a flush, it is held until it does.</summary>
    public void WriteFrame(FrameKind kind, FrameFlags flags, int streamId, ReadOnlySpan<byte> payload)
    {
        if (_broken)
        {
            return;
        }

        var length = FrameHeader.Bytes + payload.Length;
        var room = IsFlushing ? Hold(length) : Pipe.GetSpan(length);
        new FrameHeader(payload.Length, kind, flags, streamId).Write(room);
        payload.CopyTo(room[FrameHeader.Bytes..]);
        Written(length);
        Schedule();
    }

    /// <summary>Resets a stream.</summary>
    public void WriteReset(int streamId, Http2Error error)
    {
        Span<byte> payload = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(payload, (int)error);
        WriteFrame(FrameKind.ResetStream, FrameFlags.None, streamId, payload);
    }

    /// <summary>Says that the connection ends.</summary>
    public void WriteGoAway(int lastStreamId, Http2Error error)
    {
        Span<byte> payload = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(payload, lastStreamId);
        BinaryPrimitives.WriteInt32BigEndian(payload[sizeof(int)..], (int)error);
        WriteFrame(FrameKind.GoAway, FrameFlags.None, 0, payload);
    }

    /// <summary>Lets the client send more on a stream.</summary>
    public void WindowUpdate(int streamId, int bytes)
    {
        Span<byte> payload = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(payload, bytes);
        WriteFrame(FrameKind.WindowUpdate, FrameFlags.None, streamId, payload);
    }

    /// <summary>Bytes of DATA were taken, on whatever stream: the client may send as many more on all of them, which it is told by and by.</summary>
    public void Credit(int bytes)
    {
        _uncredited += bytes;
        if (_uncredited >= ReceiveWindow / 4 && !_broken)
        {
            WindowUpdate(0, _uncredited);
            ReceiveRemaining += _uncredited;
            _uncredited = 0;
        }
    }

    /// <summary>Writes the head of a stream; an interim one does not end anything.</summary>
    public void WriteHead(IHttp2Stream stream, bool ends)
    {
        stream.Number();
        WriteBlock(stream.Id, ends, stream.HeadFields, stream);
    }

    /// <summary>Writes trailers, which end a stream.</summary>
    public void WriteTrailers(int streamId, HeaderList trailers) => WriteBlock(streamId, ends: true, trailers, null);

    /// <summary>Writes a frame of data.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="data">The data.</param>
    /// <param name="count">How much it is.</param>
    /// <param name="mayPass">True where much may be sent at once, past the pipe.</param>
    /// <returns>The frame's header, which may be changed while <see cref="Epoch"/> stays.</returns>
    public Memory<byte> WriteData(int streamId, in ReadOnlySequence<byte> data, int count, bool mayPass)
    {
        _connection.Guard.Sent(count);
        Window -= count;
        var header = new FrameHeader(count, FrameKind.Data, FrameFlags.None, streamId);
        if (mayPass && count >= WriteThroughFrom && Pipe is LoopPipeWriter direct)
        {
            header.Write(direct.GetSpan(FrameHeader.Bytes));
            direct.Advance(FrameHeader.Bytes);
            foreach (var piece in data)
            {
                direct.WriteThrough(piece.Span);
            }

            Epoch++;
            Schedule();
            return default;
        }

        if (count > MostWhole)
        {
            // The header and what fits, then the rest: a block is not given up for the next.
            header.Write(Pipe.GetSpan(FrameHeader.Bytes));
            var place = Pipe.GetMemory(FrameHeader.Bytes)[..FrameHeader.Bytes];
            Pipe.Advance(FrameHeader.Bytes);
            foreach (var piece in data)
            {
                Pipe.Write(piece.Span);
            }

            return place;
        }

        var room = Pipe.GetMemory(FrameHeader.Bytes + count);
        header.Write(room.Span);
        data.CopyTo(room.Span[FrameHeader.Bytes..]);
        Pipe.Advance(FrameHeader.Bytes + count);
        return room[..FrameHeader.Bytes];
    }

    /// <summary>Gives back what is held.</summary>
    public void End()
    {
        _broken = true;
        _first = _last = null;
        if (_held.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_held);
            _held = [];
        }
    }

    private void WriteBlock(int streamId, bool ends, HeaderList fields, IHttp2Stream? headOf)
    {
        if (_broken)
        {
            return;
        }

        var most = HpackEncoder.RoomFor(fields);
        var frames = most / FrameHeader.MostPayload;
        most += FrameHeader.Bytes * (frames + 1);
        var room = IsFlushing ? Hold(most) : Pipe.GetSpan(most);
        var block = room[FrameHeader.Bytes..];
        var length = headOf is null ? _encoder.WriteFields(block, fields, 0) : headOf.WriteHead(_encoder, block);
        var flags = ends ? FrameFlags.EndStream : FrameFlags.None;
        if (length <= FrameHeader.MostPayload)
        {
            new FrameHeader(length, FrameKind.Headers, flags | FrameFlags.EndHeaders, streamId).Write(room);
            Written(FrameHeader.Bytes + length);
            Schedule();
            return;
        }

        // From the last piece on, so that each is moved once, behind its header.
        frames = (length - 1) / FrameHeader.MostPayload;
        for (var at = frames; at >= 0; at--)
        {
            var (from, count) = (at * FrameHeader.MostPayload, Math.Min(FrameHeader.MostPayload, length - (at * FrameHeader.MostPayload)));
            var to = at * (FrameHeader.MostPayload + FrameHeader.Bytes);
            block.Slice(from, count).CopyTo(room[(to + FrameHeader.Bytes)..]);
            var header = at == 0 ? new FrameHeader(count, FrameKind.Headers, flags, streamId)
                : new FrameHeader(count, FrameKind.Continuation, at == frames ? FrameFlags.EndHeaders : FrameFlags.None, streamId);
            header.Write(room[to..]);
        }

        Written(length + ((frames + 1) * FrameHeader.Bytes));
        Schedule();
    }

    private Span<byte> Hold(int length)
    {
        if (_held.Length - _heldCount < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_heldCount + length + 1024);
            _held.AsSpan(0, _heldCount).CopyTo(larger);
            if (_held.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_held);
            }

            _held = larger;
        }

        return _held.AsSpan(_heldCount);
    }

    private void Written(int length)
    {
        if (IsFlushing)
        {
            _heldCount += length;
        }
        else
        {
            Pipe.Advance(length);
        }
    }

    private void SendTurns()
    {
        _sending = true;
        while (!IsFlushing && !_broken && Pipe.UnflushedBytes < MostUnflushed && NextTurn() is { } writer)
        {
            Remove(writer);
            writer.SendTurn(this);
            Enqueue(writer);
        }

        _sending = false;
    }

    // A window that is empty for all holds back data, and not the heads that wait behind it.
    private Http2BodyWriter? NextTurn()
    {
        var writer = _first;
        while (Window <= 0 && writer is { CanSendWithoutWindow: false })
        {
            writer = writer.Next;
        }

        return writer;
    }

    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "It has completed, or its awaiter is kept until it has.")]
    private void FlushPipe()
    {
        Epoch++;
        var flush = Pipe.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            if (flush.Result.IsCompleted)
            {
                Break();
            }

            return;
        }

        IsFlushing = true;
        _connection.ExpectTaking();
        _flush = flush.GetAwaiter();
        _flush.UnsafeOnCompleted(_onFlushed);
    }

    private void OnPosted()
    {
        _posted = false;
        if (!IsFlushing)
        {
            Flush();
        }
    }

    private void OnFlushed()
    {
        var isGone = _flush.GetResult().IsCompleted;
        _flush = default;
        IsFlushing = false;
        _connection.Taken();
        if (isGone)
        {
            Break();
            return;
        }

        if (_broken)
        {
            return;
        }

        if (_heldCount > 0)
        {
            Pipe.Write(_held.AsSpan(0, _heldCount));
            _heldCount = 0;
            ArrayPool<byte>.Shared.Return(_held);
            _held = [];
        }

        Flush();
        _connection.OnRoom();
    }

    private void Break()
    {
        if (!_broken)
        {
            _broken = true;
            _connection.OnBroken();
        }
    }
}
