using System.Buffers;

namespace LoadBalancer.Http.Forwarding;

/// <summary>What may be a request's id: it is written into logs, JSON and fields as it is.</summary>
internal static class RequestIdText
{
    private const int Longest = 128;

    private static readonly SearchValues<byte> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/=:@"u8);

    /// <summary>True where a proxy's id may be kept.</summary>
    public static bool IsId(ReadOnlySpan<byte> text) => text.Length is > 0 and <= Longest && !text.ContainsAnyExcept(Allowed);
}
