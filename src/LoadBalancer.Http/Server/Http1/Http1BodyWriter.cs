using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// The body of a message of HTTP/1.1, written to its connection's pipe. It belongs to its connection and is used for one message after
/// another; nothing is allocated. Touched only on its loop.
/// </summary>
internal sealed class Http1BodyWriter : BodyWriter
{
    /// <summary>From here on a call of the kernel costs less than a copy.</summary>
    private const int WriteThroughFrom = 4 * 1024;

    /// <summary>The longest size line: 16 digits and the line's end.</summary>
    private const int SizeLineBytes = 18;

    private PipeWriter _output = null!;
    private BodyFraming _framing;
    private long _remaining;
    private bool _ended;

    /// <inheritdoc/>
    public override long Unflushed => _output.UnflushedBytes;

    /// <summary>The bytes that are still owed where the length was announced; else 0.</summary>
    public long RemainingBytes => _remaining;

    /// <summary>Begins a body.</summary>
    /// <param name="output">The pipe; it has to count its unflushed bytes.</param>
    /// <param name="framing">How it ends. With <see cref="BodyFraming.None"/> nothing is written whatever is given, as in answer to HEAD.</param>
    /// <param name="length">The announced length for <see cref="BodyFraming.Length"/>.</param>
    public void Start(PipeWriter output, BodyFraming framing, long length)
    {
        _output = output;
        _framing = framing;
        _remaining = framing == BodyFraming.Length ? length : 0;
        _ended = false;
        BytesWritten = 0;
    }

    /// <summary>Lets go of the pipe: there is no body until the next <see cref="Start"/>.</summary>
    public void Reset() => Start(null!, BodyFraming.None, 0);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It has ended, or is longer than announced, so that the rest would be taken for another message: a bug.</exception>
    public override void Write(in ReadOnlySequence<byte> data)
    {
        var length = data.Length;
        if (length == 0 || _framing == BodyFraming.None)
        {
            return;
        }

        Count(length);
        if (_framing == BodyFraming.Chunked)
        {
            WriteChunk(data, length);
        }
        else
        {
            WriteData(data);
        }
    }

    /// <summary>Counts bytes as written that went to the socket past the pipe, which had nothing. Not for the chunked coding.</summary>
    /// <exception cref="InvalidOperationException">As with <see cref="Write"/>.</exception>
    public void Count(long bytes)
    {
        if (_ended || (_framing == BodyFraming.Length && bytes > _remaining))
        {
            throw new InvalidOperationException("a body is longer than its announced length");
        }

        BytesWritten += bytes;
        if (_framing == BodyFraming.Length)
        {
            _remaining -= bytes;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Less was written than announced, so that the next message would be taken for the rest: a bug, for a body that breaks off is never ended.</exception>
    public override void End(HeaderList? trailers)
    {
        if (_ended || _remaining != 0)
        {
            throw new InvalidOperationException("a body is shorter than its announced length, or ends twice");
        }

        _ended = true;
        if (_framing != BodyFraming.Chunked)
        {
            return;
        }

        if (trailers is null)
        {
            _output.Write("0\r\n\r\n"u8);
            return;
        }

        var cursor = new HeadCursor(_output.GetSpan(HeadWriter.SpaceFor(trailers)));
        cursor.Add("0\r\n"u8);
        HeadWriter.AddFields(ref cursor, trailers);
        cursor.Add("\r\n"u8);
        _output.Advance(cursor.Length);
    }

    /// <inheritdoc/>
    public override ValueTask<bool> FlushAsync()
    {
        var flush = _output.FlushAsync();
        return flush.IsCompletedSuccessfully ? new ValueTask<bool>(!flush.Result.IsCompleted) : WaitAsync(flush);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<bool> WaitAsync(ValueTask<FlushResult> flush) => !(await flush).IsCompleted;

    private void WriteChunk(in ReadOnlySequence<byte> data, long length)
    {
        var room = _output.GetSpan(SizeLineBytes);
        Utf8Formatter.TryFormat(length, room, out var written, new StandardFormat('x'));
        "\r\n"u8.CopyTo(room[written..]);
        written += 2;
        if (room.Length - written >= length + 2)
        {
            data.CopyTo(room[written..]);
            written += (int)length;
            "\r\n"u8.CopyTo(room[written..]);
            _output.Advance(written + 2);
            return;
        }

        _output.Advance(written);
        WriteData(data);
        _output.Write("\r\n"u8);
    }

    private void WriteData(in ReadOnlySequence<byte> data)
    {
        foreach (var piece in data)
        {
            if (piece.Length >= WriteThroughFrom && _output is LoopPipeWriter direct)
            {
                direct.WriteThrough(piece.Span);
            }
            else
            {
                _output.Write(piece.Span);
            }
        }
    }
}
