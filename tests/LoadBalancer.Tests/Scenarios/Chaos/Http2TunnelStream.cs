using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Server.Http2;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>The bytes of a tunnel that a stream of HTTP/2 is; owns the connection. Reads block, writes are small and do not wait for windows.</summary>
internal sealed class Http2TunnelStream(Http2Wire wire, int stream) : Stream
{
    private byte[] _unread = [];
    private int _at;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        while (_at == _unread.Length)
        {
            if (_ended)
            {
                return 0;
            }

            var frame = wire.ReadOf(stream);
            if (frame.Kind != FrameKind.Data)
            {
                throw new IOException($"the stream ended: {frame.Kind} {(frame.Kind == FrameKind.ResetStream ? frame.Error : null)}");
            }

            (_unread, _at, _ended) = (frame.Payload, 0, frame.EndsStream);
        }

        var piece = Math.Min(buffer.Length, _unread.Length - _at);
        _unread.AsSpan(_at, piece).CopyTo(buffer);
        _at += piece;
        return piece;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Task.Run(() => Read(buffer.Span), cancellationToken));

    public override void Write(byte[] buffer, int offset, int count) => wire.Data(stream, buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        wire.Data(stream, buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        wire.Dispose();
        base.Dispose(disposing);
    }
}
