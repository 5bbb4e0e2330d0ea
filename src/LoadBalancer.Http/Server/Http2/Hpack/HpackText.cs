using System.Buffers;

namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>What HTTP/2 lets a field have (RFC 9113 section 8.2), which is less than HTTP/1.1: names in lower case, values without white space around them.</summary>
internal static class HpackText
{
    private static readonly SearchValues<byte> LowerToken = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>True where it may be the name of a field that is no pseudo-header field.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) => name.Length > 0 && !name.ContainsAnyExcept(LowerToken);

    /// <summary>True where it may be a value.</summary>
    public static bool IsValue(ReadOnlySpan<byte> value) =>
        value.IsEmpty || (FieldText.IsValue(value) && !IsSpace(value[0]) && !IsSpace(value[^1]));

    /// <summary>Which pseudo-header field the name is of.</summary>
    public static PseudoHeader PseudoOf(ReadOnlySpan<byte> name) =>
        name.IsEmpty || name[0] != ':' ? PseudoHeader.None
        : name.SequenceEqual(":path"u8) ? PseudoHeader.Path
        : name.SequenceEqual(":authority"u8) ? PseudoHeader.Authority
        : name.SequenceEqual(":method"u8) ? PseudoHeader.Method
        : name.SequenceEqual(":scheme"u8) ? PseudoHeader.Scheme
        : name.SequenceEqual(":protocol"u8) ? PseudoHeader.Protocol
        : name.SequenceEqual(":status"u8) ? PseudoHeader.Status
        : PseudoHeader.Other;

    private static bool IsSpace(byte letter) => letter is (byte)' ' or (byte)'\t';
}
