using System.Buffers.Binary;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>What every frame begins with (RFC 9113 section 4.1).</summary>
/// <param name="Length">The bytes behind it.</param>
/// <param name="Kind">Which frame it is.</param>
/// <param name="Flags">Its flags; those that its kind does not know mean nothing.</param>
/// <param name="StreamId">The stream; 0 is the connection.</param>
internal readonly record struct FrameHeader(int Length, FrameKind Kind, FrameFlags Flags, int StreamId)
{
    /// <summary>How long it is.</summary>
    public const int Bytes = 9;

    /// <summary>Where the flags are.</summary>
    public const int FlagsAt = 4;

    /// <summary>What a frame may hold where nothing else was agreed on, which lb never does.</summary>
    public const int MostPayload = 16 * 1024;

    /// <summary>Reads one.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var start = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return new FrameHeader((int)(start >> 8), (FrameKind)(byte)start, (FrameFlags)bytes[FlagsAt], (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & int.MaxValue));
    }

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ((uint)Length << 8) | (byte)Kind);
        bytes[FlagsAt] = (byte)Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes[5..], StreamId);
    }
}
