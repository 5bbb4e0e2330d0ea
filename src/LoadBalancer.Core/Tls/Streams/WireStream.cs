using System.Threading.Tasks.Sources;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.Streams;

/// <summary>
/// A socket as SslStream sees it: a read that finds nothing waits until <see cref="Resume"/>, which completes it inline, and a write is taken whole.
/// Nothing in it leaves the loop: no SynchronizationContext is installed there. Touched only on its loop.
/// </summary>
internal sealed class WireStream(EpollSocket socket, WireOutput output) : Stream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _target;
    private bool _waits;

    /// <summary>The first bytes that came, at most four: what the peer speaks.</summary>
    public uint First { get; private set; }

    /// <summary>How many of <see cref="First"/> there are.</summary>
    public int FirstBytes { get; private set; }

    /// <summary>True once the end of the peer's stream has been read.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True where the connection has failed.</summary>
    public bool HasFailed { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Gives a read that waits what has come; true where it has completed, and whoever waited for it has gone on.</summary>
    public bool Resume()
    {
        if (!_waits || !TryReceive(_target.Span, out var count))
        {
            return false;
        }

        Complete(count);
        return true;
    }

    /// <summary>Ends a read that waits.</summary>
    public void End()
    {
        HasFailed = true;
        if (_waits)
        {
            Complete(EpollSocket.Failed);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (TryReceive(buffer.Span, out var count))
        {
            return count >= 0 ? ValueTask.FromResult(count) : ValueTask.FromException<int>(new IOException("the connection was reset"));
        }

        _target = buffer;
        _waits = true;
        _read.Reset();
        return new ValueTask<int>(this, _read.Version);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!socket.Loop.InLoop)
        {
            return ValueTask.FromException(new InvalidOperationException("SslStream has left its loop"));
        }

        output.Send(buffer.Span);
        return default;
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => output.Send(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    private void Complete(int count)
    {
        _waits = false;
        _target = default;
        if (count >= 0)
        {
            _read.SetResult(count);
        }
        else
        {
            _read.SetException(new IOException("the connection was reset"));
        }
    }

    private bool TryReceive(Span<byte> buffer, out int count)
    {
        count = HasFailed ? EpollSocket.Failed : 0;
        if (HasFailed || HasEnded)
        {
            return true;
        }

        if (!socket.Loop.InLoop)
        {
            throw new InvalidOperationException("SslStream has left its loop");
        }

        if (buffer.IsEmpty || !socket.IsWireReadable)
        {
            return buffer.IsEmpty && socket.IsWireReadable;
        }

        count = socket.ReceiveWire(buffer);
        HasEnded = count == 0;
        HasFailed = count == EpollSocket.Failed;
        for (var at = 0; at < count && FirstBytes < 4; at++, FirstBytes++)
        {
            First = (First << 8) | buffer[at];
        }

        return count != EpollSocket.WouldBlock;
    }
}
