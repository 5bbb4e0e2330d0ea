namespace LoadBalancer.Http.Server;

/// <summary>A part of the bytes of a <see cref="HeaderList"/>; it stays right when they move.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">How many.</param>
internal readonly record struct Slice(int Start, int Length)
{
    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Of(HeaderList list) => list.Bytes.Slice(Start, Length);
}
