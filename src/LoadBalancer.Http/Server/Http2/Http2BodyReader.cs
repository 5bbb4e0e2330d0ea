using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// The body of a request on a stream: what has come and was not taken, at most a window of it. The client may send more as it is taken, which
/// is the back-pressure. It belongs to its stream. Touched only on its loop.
/// </summary>
internal sealed class Http2BodyReader(IHttp2Stream stream, EventLoop loop) : BodyReader, IValueTaskSource<BodyPart>
{
    /// <summary>What a client may send before any of it is taken: what RFC 9113 section 6.9.2 has where nothing is said, in bytes.</summary>
    public const int Window = 65_535;

    /// <summary>What is taken before the client is told: a frame for each piece would cost more than the piece.</summary>
    private const int CreditFrom = Window / 2;

    private readonly ByteQueue _queue = new(loop);
    private ManualResetValueTaskSourceCore<BodyPart> _pending;
    private HeaderList? _trailers;
    private FaultKind _fault;
    private FaultKind _faultBehind;
    private long _length;
    private long _received;
    private long _given;
    private int _uncredited;
    private int _window;
    private bool _waiting;
    private bool _hasTrailers;
    private bool _standsAside;

    /// <summary>True once the client has sent the end.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True where a read would not wait.</summary>
    public bool HasPart => HasEnded || _queue.Length > 0 || _fault != FaultKind.None || _faultBehind != FaultKind.None;

    /// <inheritdoc/>
    public override HeaderList? Trailers => IsAtEnd && _hasTrailers ? _trailers : null;

    /// <summary>Where trailers are put before they are told by <see cref="End"/>.</summary>
    public HeaderList TrailerList => _trailers ??= new HeaderList();

    /// <summary>Begins a body.</summary>
    /// <param name="length">The length that was announced; -1 for none.</param>
    /// <param name="ended">True where nothing comes.</param>
    public void Start(long length, bool ended)
    {
        (_length, _received, _given, _uncredited, _window, _fault) = (length, 0, 0, 0, Window, FaultKind.None);
        _faultBehind = FaultKind.None;
        (HasEnded, IsAtEnd, _hasTrailers, _standsAside) = (ended, ended, false, false);
        Limit = long.MaxValue;
        BytesRead = 0;
    }

    /// <summary>Lets go of everything.</summary>
    public void Reset()
    {
        if (!_standsAside)
        {
            stream.Output.Credit((int)_queue.Length);
        }

        _queue.Clear();
        _trailers?.Reset();
    }

    /// <summary>Takes what came in a frame; padding counts for the windows and is no part of the body.</summary>
    /// <param name="data">The data.</param>
    /// <param name="padding">The bytes of padding, their length included.</param>
    /// <param name="ends">True for the last frame.</param>
    /// <returns><see cref="Http2Error.NoError"/>, or why it may not come: then nothing was taken.</returns>
    public Http2Error Receive(ReadOnlySpan<byte> data, int padding, bool ends)
    {
        if (data.Length + padding > _window)
        {
            return Http2Error.FlowControlError;
        }

        if (_length >= 0 && (_received + data.Length > _length || (ends && _received + data.Length < _length)))
        {
            return Http2Error.ProtocolError;
        }

        _window -= data.Length + padding;
        _received += data.Length;
        HasEnded = ends;
        if (_fault != FaultKind.None || _standsAside)
        {
            stream.Output.Credit(data.Length + padding);
        }

        if (_fault != FaultKind.None)
        {
            return Http2Error.NoError;
        }

        if (padding > 0)
        {
            Taken(padding);
        }

        _queue.Append(data);
        Wake();
        return Http2Error.NoError;
    }

    /// <summary>The client has sent trailers, which end the body.</summary>
    /// <param name="hasTrailers">True where <see cref="TrailerList"/> has something.</param>
    /// <returns>False where less came than was announced.</returns>
    public bool End(bool hasTrailers)
    {
        if (_length >= 0 && _received < _length)
        {
            return false;
        }

        (HasEnded, _hasTrailers) = (true, hasTrailers);
        Wake();
        return true;
    }

    /// <summary>No more will come, because of <paramref name="fault"/>.</summary>
    public void Fail(FaultKind fault)
    {
        if (_fault == FaultKind.None && !IsAtEnd)
        {
            _fault = fault;
            Wake();
        }
    }

    /// <summary>No more will come, because of <paramref name="fault"/>, which is told behind what has come.</summary>
    public void FailBehind(FaultKind fault)
    {
        if (!HasEnded && _fault == FaultKind.None && _faultBehind == FaultKind.None)
        {
            _faultBehind = fault;
            Wake();
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out BodyPart part)
    {
        if (_faultBehind != FaultKind.None && _fault == FaultKind.None && _queue.Length == 0)
        {
            _fault = _faultBehind;
        }

        if (BytesRead + _queue.Length > Limit && _fault == FaultKind.None)
        {
            _fault = FaultKind.BodyTooLarge;
        }

        if (IsAtEnd || _fault != FaultKind.None)
        {
            part = new BodyPart(default, IsAtEnd, _fault);
            return true;
        }

        _given = _queue.Length;
        if (_given == 0 && !HasEnded)
        {
            part = default;
            return false;
        }

        BytesRead += _given;
        part = new BodyPart(_queue.Bytes, HasEnded);
        return true;
    }

    /// <inheritdoc/>
    public override ValueTask<BodyPart> ReadAsync()
    {
        if (TryRead(out var part))
        {
            return new ValueTask<BodyPart>(part);
        }

        _waiting = true;
        _pending.Reset();
        return new ValueTask<BodyPart>(this, _pending.Version);
    }

    /// <inheritdoc/>
    public override void Advance()
    {
        var given = _given;
        _given = 0;
        _queue.Take(given);
        if (_fault == FaultKind.None && HasEnded && _queue.Length == 0)
        {
            IsAtEnd = true;
        }

        Taken((int)given);
    }

    /// <summary>
    /// What has come and what will come of it is taken slowly from here on. The connection's window is given back as bytes come and not as they are
    /// taken; that of the stream bounds what is kept. Sixteen such streams would else keep all others of the connection from sending.
    /// </summary>
    public void StandAside()
    {
        if (!_standsAside)
        {
            _standsAside = true;
            stream.Output.Credit((int)_queue.Length);
        }
    }

    /// <inheritdoc/>
    public override void Cancel() => Fail(FaultKind.ClientClosed);

    /// <inheritdoc/>
    public override void Interrupt()
    {
        if (_waiting)
        {
            _waiting = false;
            _pending.SetResult(default);
        }
    }

    BodyPart IValueTaskSource<BodyPart>.GetResult(short token) => _pending.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<BodyPart>.GetStatus(short token) => _pending.GetStatus(token);

    void IValueTaskSource<BodyPart>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _pending.OnCompleted(continuation, state, token, flags);

    private void Taken(int bytes)
    {
        var output = stream.Output;
        if (!_standsAside)
        {
            output.Credit(bytes);
        }

        _uncredited += bytes;
        if (_uncredited >= CreditFrom && !HasEnded && _fault == FaultKind.None && _faultBehind == FaultKind.None)
        {
            output.WindowUpdate(stream.Id, _uncredited);
            _window += _uncredited;
            _uncredited = 0;
        }
    }

    private void Wake()
    {
        if (_waiting && TryRead(out var part))
        {
            _waiting = false;
            _pending.SetResult(part);
        }
    }
}
