using System.Buffers.Text;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>Writes one text after another into room that is large enough.</summary>
internal ref struct HeadCursor(Span<byte> room)
{
    private readonly Span<byte> _room = room;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Adds a text.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_room[Length..]);
        Length += text.Length;
    }

    /// <summary>Adds a number in decimal.</summary>
    public void Add(long number)
    {
        if (!Utf8Formatter.TryFormat(number, _room[Length..], out var written))
        {
            throw new InvalidOperationException("the room was reckoned too small");
        }

        Length += written;
    }
}
