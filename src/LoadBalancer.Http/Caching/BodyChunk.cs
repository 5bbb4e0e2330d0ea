using System.Buffers;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// A piece of a body that is kept. Arrays of this length are below the large object heap, and a client that is slow to take a body has no more of it waiting
/// than one.
/// </summary>
internal sealed class BodyChunk : ReadOnlySequenceSegment<byte>
{
    /// <summary>The longest, in bytes.</summary>
    public const int Most = 32 * 1024;

    /// <summary>What one takes besides its bytes, about.</summary>
    public const int Overhead = 96;

    /// <summary>The first one, or the one behind another.</summary>
    public BodyChunk(ReadOnlyMemory<byte> bytes, BodyChunk? before)
    {
        Memory = bytes;
        if (before is not null)
        {
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
