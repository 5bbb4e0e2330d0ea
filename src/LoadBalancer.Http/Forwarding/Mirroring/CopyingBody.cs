using System.Buffers;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding.Mirroring;

/// <summary>A body that remembers what passes, up to <see cref="Mirror.MostBody"/>. Touched only on its loop.</summary>
internal sealed class CopyingBody(BodyReader original) : BodyReader
{
    private ArrayBufferWriter<byte>? _copy = new();
    private BodyPart _part;

    /// <summary>The body itself.</summary>
    public BodyReader Original => original;

    /// <summary>True where all of it is remembered.</summary>
    public bool IsWhole => IsAtEnd && _copy is not null;

    /// <summary>How much is remembered.</summary>
    public long Length => _copy?.WrittenCount ?? 0;

    /// <inheritdoc/>
    public override HeaderList? Trailers => original.Trailers;

    /// <summary>What is remembered, as another body.</summary>
    public BodyReader ToCopy() => new BufferedBody(_copy!.WrittenMemory);

    /// <inheritdoc/>
    public override bool TryRead(out BodyPart part)
    {
        var any = original.TryRead(out part);
        _part = part;
        return any;
    }

    /// <inheritdoc/>
    public override async ValueTask<BodyPart> ReadAsync() => _part = await original.ReadAsync();

    /// <inheritdoc/>
    public override void Advance()
    {
        if (_copy is not null)
        {
            if (_copy.WrittenCount + _part.Data.Length > Mirror.MostBody)
            {
                _copy = null;
            }
            else
            {
                foreach (var piece in _part.Data)
                {
                    _copy.Write(piece.Span);
                }
            }
        }

        original.Advance();
        BytesRead = original.BytesRead;
        IsAtEnd = original.IsAtEnd;
    }

    /// <inheritdoc/>
    public override void Cancel() => original.Cancel();

    /// <inheritdoc/>
    public override void Interrupt() => original.Interrupt();
}
