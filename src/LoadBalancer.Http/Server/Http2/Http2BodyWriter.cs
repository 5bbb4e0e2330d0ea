using System.Buffers;
using System.Threading.Tasks.Sources;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// What is sent on a stream: head, body and trailers, sent as the windows and the other streams let it. What cannot be sent is kept, and a
/// flush waits until it is: that is the back-pressure. It belongs to its stream. Touched only on its loop.
/// </summary>
internal sealed class Http2BodyWriter(IHttp2Stream stream, EventLoop loop) : BodyWriter, IValueTaskSource<bool>
{
    private readonly ByteQueue _queue = new(loop);
    private ManualResetValueTaskSourceCore<bool> _flushed;
    private HeaderList? _trailers;
    private long _unflushed;
    private bool _isBodyless;
    private bool _headWaits;
    private bool _endWaits;
    private bool _waiting;

    // The header of the last frame of DATA, while it can still be made the last of all.
    private Memory<byte> _lastHeader;
    private long _lastEpoch;

    /// <summary>How much more the peer takes on this stream, in bytes; may be negative (RFC 9113 section 6.9.2).</summary>
    public int Window { get; set; }

    /// <summary>True once END_STREAM was written.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True where something waits that the stream's window does not hold back.</summary>
    public bool CanSend => _headWaits || (_queue.Length > 0 ? Window > 0 : _endWaits);

    /// <inheritdoc/>
    public override long Unflushed => HasWaiting ? long.MaxValue : _unflushed;

    /// <summary>True while it is among those that wait for their turn.</summary>
    public bool IsQueued { get; set; }

    /// <summary>True where what comes next is no data.</summary>
    public bool CanSendWithoutWindow => _headWaits || _queue.Length == 0;

    /// <summary>The next of those.</summary>
    public Http2BodyWriter? Next { get; set; }

    private bool HasWaiting => _headWaits || _endWaits || _queue.Length > 0;

    /// <summary>Begins; no head yet.</summary>
    public void Begin(int window)
    {
        (Window, BytesWritten, _unflushed) = (window, 0, 0);
        (_isBodyless, _headWaits, _endWaits, _trailers, HasEnded) = (false, false, false, null, false);
        _lastHeader = default;
    }

    /// <summary>Lets go of everything; a flush that waits is told that the peer is gone.</summary>
    public void Drop()
    {
        _queue.Clear();
        (_headWaits, _endWaits, _trailers, _lastHeader, HasEnded) = (false, false, null, default, true);
        if (_waiting)
        {
            _waiting = false;
            _flushed.SetResult(false);
        }
    }

    /// <summary>The head is there; it goes out with what follows.</summary>
    /// <param name="isBodyless">True where nothing is sent behind it whatever is written, as in answer to HEAD.</param>
    public void Start(bool isBodyless) => (_headWaits, _isBodyless) = (!HasEnded && !stream.IsReset, isBodyless);

    /// <inheritdoc/>
    public override void Write(in ReadOnlySequence<byte> data)
    {
        if (data.IsEmpty || _isBodyless)
        {
            return;
        }

        BytesWritten += data.Length;
        if (HasEnded || stream.IsReset)
        {
            return;
        }

        var output = stream.Output;
        var sent = 0L;
        if (_queue.Length == 0 && output.MayWrite(this))
        {
            SendHead(output, ends: false);
            sent = SendData(output, data, long.MaxValue, mayPass: true);
            _unflushed += sent;
        }

        if (sent < data.Length)
        {
            foreach (var piece in data.Slice(sent))
            {
                _queue.Append(piece.Span);
            }

            output.Enqueue(this);
        }
    }

    /// <inheritdoc/>
    public override void End(HeaderList? trailers)
    {
        if (HasEnded || stream.IsReset)
        {
            return;
        }

        (_endWaits, _trailers) = (true, trailers);
        var output = stream.Output;
        if (_queue.Length == 0 && output.MayWrite(this))
        {
            SendEnd(output);
            _unflushed++;
        }
        else
        {
            output.Enqueue(this);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<bool> FlushAsync()
    {
        if (stream.IsReset)
        {
            return new ValueTask<bool>(false);
        }

        var output = stream.Output;
        if (_headWaits && _queue.Length == 0 && !_endWaits && output.MayWrite(this))
        {
            SendHead(output, ends: false);
        }

        _unflushed = 0;
        output.Schedule();
        if (!HasWaiting)
        {
            return new ValueTask<bool>(true);
        }

        output.Enqueue(this);
        _waiting = true;
        _flushed.Reset();
        return new ValueTask<bool>(this, _flushed.Version);
    }

    /// <summary>Sends what its turn is, a frame of data at most. Whoever waits for the rest goes on inline.</summary>
    public void SendTurn(Http2Output output)
    {
        if (_headWaits)
        {
            SendHead(output, ends: _queue.Length == 0 && _endWaits && _trailers is null);
        }

        if (_queue.Length > 0)
        {
            var sent = SendData(output, _queue.Bytes, FrameHeader.MostPayload, mayPass: false);
            _queue.Take(sent);
        }

        if (_endWaits && _queue.Length == 0)
        {
            SendEnd(output);
        }

        if (_waiting && !HasWaiting)
        {
            _waiting = false;
            _flushed.SetResult(true);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _flushed.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _flushed.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _flushed.OnCompleted(continuation, state, token, flags);

    private void SendHead(Http2Output output, bool ends)
    {
        if (_headWaits)
        {
            _headWaits = false;
            output.WriteHead(stream, ends);
            if (ends)
            {
                Ended();
            }
        }
    }

    private long SendData(Http2Output output, in ReadOnlySequence<byte> data, long most, bool mayPass)
    {
        var sent = 0L;
        most = Math.Min(most, data.Length);
        while (sent < most && Window > 0 && output.Window > 0 && (sent == 0 || output.HasRoom))
        {
            var count = (int)Math.Min(Math.Min(most - sent, FrameHeader.MostPayload), Math.Min(Window, output.Window));
            _lastHeader = output.WriteData(stream.Id, sent == 0 && count == data.Length ? data : data.Slice(sent, count), count, mayPass);
            _lastEpoch = output.Epoch;
            Window -= count;
            sent += count;
        }

        return sent;
    }

    private void SendEnd(Http2Output output)
    {
        if (_headWaits)
        {
            SendHead(output, ends: _trailers is null);
        }

        if (HasEnded)
        {
            return;
        }

        if (_trailers is not null)
        {
            output.WriteTrailers(stream.Id, _trailers);
        }
        else if (!_lastHeader.IsEmpty && _lastEpoch == output.Epoch)
        {
            // Not sent yet: the frame that is there becomes the last, and no empty one follows it.
            _lastHeader.Span[FrameHeader.FlagsAt] |= (byte)FrameFlags.EndStream;
        }
        else
        {
            output.WriteFrame(FrameKind.Data, FrameFlags.EndStream, stream.Id, default);
        }

        Ended();
    }

    private void Ended()
    {
        (_endWaits, _trailers, HasEnded, _lastHeader) = (false, null, true, default);
    }
}
