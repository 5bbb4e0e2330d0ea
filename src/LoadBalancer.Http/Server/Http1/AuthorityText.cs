using System.Buffers;
using System.Net;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The value of Host: a host and maybe a port (RFC 9110 section 7.2), of the bytes that real hosts have.</summary>
/// <remarks>RFC 3986 would let a host have escapes, commas and more, of which no name in DNS is made and two readers may read two things.</remarks>
internal static class AuthorityText
{
    private const int MostPort = 65535;

    private static readonly SearchValues<byte> Name = SearchValues.Create("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> Address = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    /// <summary>True where it is one host, with at most one port; empty is none.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text[0] == '[')
        {
            var close = text.IndexOf((byte)']');
            return close > 0 && IsAddress(text[1..close]) && IsPortOrNothing(text[(close + 1)..]);
        }

        var end = text.IndexOfAnyExcept(Name);
        return end < 0 ? text.Length > 0 : end > 0 && IsPortOrNothing(text[end..]);
    }

    private static bool IsAddress(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(Address) && text.Contains((byte)':') && IPAddress.IsValidUtf8(text);

    private static bool IsPortOrNothing(ReadOnlySpan<byte> text) =>
        text.Length == 0 || (text[0] == ':' && DecimalLength.Parse(text[1..]) is >= 0 and <= MostPort && text.Length <= ":65535".Length);
}
