using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Transport.Epoll;

/// <summary>The reading side of a <see cref="MarshaledConnection"/>: hops to the loop, and turns a reset into the exception that the framework's consumers expect.</summary>
internal sealed class MarshaledPipeReader(EpollConnection connection) : PipeReader
{
    private PipeReader Inner { get; } = ((IDuplexPipe)connection).Input;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        await connection.Loop;
        var result = await Inner.ReadAsync(cancellationToken);
        return result.IsCompleted && connection.ReadFault == FaultKind.Reset && result.Buffer.IsEmpty
            ? throw new ConnectionResetException("the peer reset the connection")
            : result;
    }

    /// <summary>Gives what is there only on the loop: elsewhere it says no, which leads the caller to <see cref="ReadAsync"/>.</summary>
    public override bool TryRead(out ReadResult result)
    {
        if (connection.Loop.InLoop)
        {
            return Inner.TryRead(out result);
        }

        result = default;
        return false;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (connection.Loop.InLoop)
        {
            Inner.AdvanceTo(consumed, examined);
            return;
        }

        // Posted work keeps its order, so the next ReadAsync sees it done.
        connection.Loop.Post(
            static state =>
            {
                var (reader, consumed, examined) = ((PipeReader, SequencePosition, SequencePosition))state!;
                reader.AdvanceTo(consumed, examined);
            },
            (Inner, consumed, examined));
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => connection.Loop.Post(static reader => ((PipeReader)reader!).CancelPendingRead(), Inner);

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => connection.Loop.Post(static reader => ((PipeReader)reader!).Complete(), Inner);
}
