using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// The body of a message of HTTP/1.1, read from its connection's pipe. It belongs to its connection and is used for one message after
/// another; nothing is allocated. What lies behind the body stays in the pipe. Touched only on its loop.
/// </summary>
/// <remarks>
/// A part is as much as is there: of a length or up to the connection's end all of it, of the chunked coding the rest of one chunk; the end
/// is told with the last data where it is there already. Where somebody cancels the pipe's read, a deadline has passed: that is a fault too.
/// </remarks>
internal sealed class Http1BodyReader : BodyReader
{
    private const int MostTrailerBytes = 8 * 1024;
    private const int MostTrailers = 32;

    private PipeReader _input = null!;
    private BodyFraming _framing;
    private bool _ofRequest;
    private bool _waiting;
    private bool _interrupted;
    private FaultKind _fault;
    private long _remaining;
    private ChunkFraming _chunks;
    private HeadScan _trailerScan;
    private HeaderList? _trailers;
    private bool _hasTrailers;

    // What Advance takes: the part that was given out, and the framing behind it.
    private SequencePosition _next;
    private bool _mustAdvance;
    private bool _endsHere;

    /// <summary>The bytes that are to come where the body's length is known; -1 where it is not.</summary>
    public long RemainingBytes => _framing switch
    {
        BodyFraming.Length => _remaining,
        BodyFraming.None => 0,
        _ => IsAtEnd ? 0 : -1,
    };

    /// <summary>True where it cannot be read to its end any more.</summary>
    public bool HasFailed => _fault != FaultKind.None;

    /// <inheritdoc/>
    public override HeaderList? Trailers => IsAtEnd && _hasTrailers ? _trailers : null;

    /// <summary>Begins a body.</summary>
    /// <param name="input">The pipe, which stands at the body's first byte.</param>
    /// <param name="framing">How it ends.</param>
    /// <param name="length">Its length for <see cref="BodyFraming.Length"/>.</param>
    /// <param name="ofRequest">Whose faults there are: true for a client's.</param>
    public void Start(PipeReader input, BodyFraming framing, long length, bool ofRequest)
    {
        _input = input;
        _framing = framing;
        _ofRequest = ofRequest;
        Limit = long.MaxValue;
        _fault = FaultKind.None;
        _remaining = framing == BodyFraming.Length ? length : 0;
        _chunks = default;
        _trailerScan = default;
        _hasTrailers = _mustAdvance = _endsHere = false;
        BytesRead = 0;
        IsAtEnd = framing == BodyFraming.None || (framing == BodyFraming.Length && length == 0);
    }

    /// <summary>Lets go of the pipe and of trailers: there is no body until the next <see cref="Start"/>.</summary>
    public void Reset()
    {
        Start(null!, BodyFraming.None, 0, ofRequest: false);
        _trailers?.Reset();
    }

    /// <summary>
    /// Counts bytes as read that were taken from the socket past the pipe, which had nothing; <see cref="RemainingBytes"/> at most, where that is known.
    /// Not for the chunked coding.
    /// </summary>
    public void Consume(long bytes)
    {
        BytesRead += bytes;
        if (_framing == BodyFraming.Length)
        {
            _remaining -= bytes;
            IsAtEnd = _remaining == 0;
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out BodyPart part)
    {
        if (_remaining > Limit - BytesRead && _fault == FaultKind.None)
        {
            _fault = FaultKind.BodyTooLarge;
        }

        if (IsAtEnd || _fault != FaultKind.None)
        {
            part = new BodyPart(default, IsAtEnd, _fault);
            return true;
        }

        if (_input.TryRead(out var result))
        {
            return TryTake(result, out part);
        }

        part = default;
        return false;
    }

    /// <inheritdoc/>
    public override ValueTask<BodyPart> ReadAsync() => TryRead(out var part) ? new ValueTask<BodyPart>(part) : WaitAsync();

    /// <inheritdoc/>
    public override void Advance()
    {
        if (_mustAdvance)
        {
            _mustAdvance = false;
            IsAtEnd = _endsHere;
            _input.AdvanceTo(_next);
        }
    }

    /// <inheritdoc/>
    public override void Cancel()
    {
        if (!IsAtEnd && _fault == FaultKind.None)
        {
            _fault = Ended;
            if (_waiting)
            {
                _input.CancelPendingRead();
            }
        }
    }

    /// <inheritdoc/>
    public override void Interrupt()
    {
        if (_waiting)
        {
            _interrupted = true;
            _input.CancelPendingRead();
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<BodyPart> WaitAsync()
    {
        while (true)
        {
            _waiting = true;
            var result = await _input.ReadAsync();
            _waiting = false;
            if (_interrupted)
            {
                _interrupted = false;
                _input.AdvanceTo(result.Buffer.Start);
                return default;
            }

            if (TryTake(result, out var part))
            {
                return part;
            }
        }
    }

    /// <summary>Makes a part of what the pipe has; false where that was framing alone, which is consumed.</summary>
    private bool TryTake(in ReadResult result, out BodyPart part)
    {
        var buffer = result.Buffer;
        if (result.IsCanceled && _fault == FaultKind.None)
        {
            _fault = _ofRequest ? FaultKind.BodyTimeout : FaultKind.BetweenBytesTimeout;
        }

        var rest = buffer;
        var data = ReadOnlySequence<byte>.Empty;
        if (_fault == FaultKind.None)
        {
            data = _framing == BodyFraming.Chunked ? TakeChunk(ref rest) : TakePlain(ref rest);
            if (_framing == BodyFraming.Close && result.IsCompleted)
            {
                _endsHere = !WasReset();
            }

            if (data.IsEmpty && result.IsCompleted && !_endsHere && _fault == FaultKind.None)
            {
                _fault = Ended;
            }
        }

        if (data.Length > Limit - BytesRead)
        {
            (data, _fault, _endsHere) = (ReadOnlySequence<byte>.Empty, FaultKind.BodyTooLarge, false);
        }

        if (data.IsEmpty && !_endsHere)
        {
            _input.AdvanceTo(rest.Start, buffer.End);
            if (!rest.IsEmpty)
            {
                // Trailers that are not whole.
                (_input as LoopPipeReader)?.Condense();
            }

            part = new BodyPart(default, false, _fault);
            return _fault != FaultKind.None;
        }

        BytesRead += data.Length;
        _next = rest.Start;
        _mustAdvance = true;
        part = new BodyPart(data, _endsHere);
        return true;
    }

    private ReadOnlySequence<byte> TakePlain(ref ReadOnlySequence<byte> rest)
    {
        var data = rest;
        if (_framing == BodyFraming.Length)
        {
            data = rest.Length > _remaining ? rest.Slice(0, _remaining) : rest;
            _remaining -= data.Length;
            _endsHere = _remaining == 0;
        }

        rest = rest.Slice(data.End);
        return data;
    }

    private ReadOnlySequence<byte> TakeChunk(ref ReadOnlySequence<byte> rest)
    {
        ReadFraming(ref rest);
        var data = ReadOnlySequence<byte>.Empty;
        if (_chunks.IsAtData && !rest.IsEmpty)
        {
            data = rest.Length > _chunks.Remaining ? rest.Slice(0, _chunks.Remaining) : rest;
            _chunks.Take(data.Length);
            rest = rest.Slice(data.End);
            ReadFraming(ref rest);
        }

        if (_chunks.IsAtTrailers)
        {
            ReadTrailers(ref rest);
        }

        if (_chunks.HasFailed)
        {
            _fault = Invalid;
        }

        return data;
    }

    private FaultKind Invalid => _ofRequest ? FaultKind.BodyInvalid : FaultKind.ResponseInvalid;

    private FaultKind Ended => _ofRequest ? FaultKind.ClientClosed : FaultKind.ResponseTruncated;

    private void ReadFraming(ref ReadOnlySequence<byte> rest)
    {
        while (!rest.IsEmpty && _chunks.Read(rest.FirstSpan) is var read and > 0)
        {
            rest = rest.Slice(read);
        }
    }

    private void ReadTrailers(ref ReadOnlySequence<byte> rest)
    {
        var fault = _trailerScan.Find(rest, MostTrailerBytes, MostTrailers, MostTrailerBytes, out var length, Invalid, Invalid, Invalid, Invalid);
        if (fault == FaultKind.None && length > 2)
        {
            _trailers ??= new HeaderList();
            _trailers.Reset();
            rest.Slice(0, length).CopyTo(_trailers.Reserve(length));
            fault = FieldLines.TryParse(_trailers, 0, length) ? FaultKind.None : Invalid;
            _hasTrailers = fault == FaultKind.None && TrailerFields.Keep(_trailers, _ofRequest);
        }

        _fault = fault;
        if (fault == FaultKind.None && length > 0)
        {
            _endsHere = true;
            rest = rest.Slice(length);
        }
    }

    // A connection that broke, where the end of the connection is the end of the body.
    private bool WasReset() => _input is LoopPipeReader { Fault: not FaultKind.None };
}
