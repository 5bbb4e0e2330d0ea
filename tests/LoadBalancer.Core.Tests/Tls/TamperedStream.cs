namespace LoadBalancer.Tests.Tls;

/// <summary>A stream whose writer's bytes are changed, or cut to pieces, on their way.</summary>
internal sealed class TamperedStream(Stream inner) : Stream
{
    /// <summary>How many bytes leave at once.</summary>
    public int PieceBytes { get; set; } = int.MaxValue;

    /// <summary>What leaves instead of what was written; null leaves it alone.</summary>
    public Func<byte[], byte[]>? Tamper { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var bytes = Tamper?.Invoke(buffer.ToArray()) ?? buffer;
        while (bytes.Length > 0)
        {
            var count = Math.Min(PieceBytes, bytes.Length);
            await inner.WriteAsync(bytes[..count], cancellationToken);
            bytes = bytes[count..];
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
