using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>The data of a stream as a pair of pipes, for a WebSocket (RFC 8441). The staging of what is written lives as long as the tunnel. Touched only on its loop.</summary>
internal sealed class Http2Tunnel(Http2Stream stream) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input { get; } = new TunnelReader(stream.Reader);

    /// <inheritdoc/>
    public PipeWriter Output { get; } = new TunnelWriter(stream, new ByteQueue(stream.Exchange!.Loop));

    /// <summary>What the client sends. Whoever reads takes all that there is.</summary>
    [SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "It owns none.")]
    private sealed class TunnelReader(Http2BodyReader body) : PipeReader
    {
        /// <inheritdoc/>
        public override bool TryRead(out ReadResult result)
        {
            var isThere = body.TryRead(out var part);
            result = isThere ? ResultOf(part) : default;
            return isThere;
        }

        /// <inheritdoc/>
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            TryRead(out var result) ? new ValueTask<ReadResult>(result) : WaitAsync();

        /// <inheritdoc/>
        public override void AdvanceTo(SequencePosition consumed) => body.Advance();

        /// <inheritdoc/>
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => body.Advance();

        /// <inheritdoc/>
        public override void CancelPendingRead() => body.Cancel();

        /// <inheritdoc/>
        public override void Complete(Exception? exception = null) => body.Cancel();

        private static ReadResult ResultOf(in BodyPart part) => new(part.Data, isCanceled: false, isCompleted: part.IsLast || part.Fault != Faults.FaultKind.None);

        private async ValueTask<ReadResult> WaitAsync() => ResultOf(await body.ReadAsync());
    }

    /// <summary>What it is sent.</summary>
    private sealed class TunnelWriter(Http2Stream stream, ByteQueue staged) : PipeWriter
    {
        /// <inheritdoc/>
        public override Memory<byte> GetMemory(int sizeHint = 0) => staged.RoomMemory(Math.Max(sizeHint, 1));

        /// <inheritdoc/>
        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        /// <inheritdoc/>
        public override void Advance(int bytes) => staged.Advance(bytes);

        /// <inheritdoc/>
        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            stream.Writer.Write(staged.Bytes);
            staged.Clear();
            return new FlushResult(isCanceled: false, isCompleted: !await stream.Writer.FlushAsync());
        }

        /// <inheritdoc/>
        public override void CancelPendingFlush() => stream.Break();

        /// <inheritdoc/>
        public override void Complete(Exception? exception = null)
        {
            staged.Clear();
            stream.Writer.End(null);
        }
    }
}
