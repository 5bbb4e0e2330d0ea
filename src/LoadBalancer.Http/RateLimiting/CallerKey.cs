using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// Whose count a request is for: writes what a limit's <c>key</c> asks for as a text that is the same in every instance. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// No two callers share a text. Each part begins with what it is, so that a header's value is nobody's address; an identity has its provider's name in it, in
/// which there is no colon, because two providers may both know a "7"; and of several parts each but the last has its length in front. What is not there is never
/// an empty text, which all who lack it would share: the part is the client's address then. A client without one came over a Unix socket, and all of those are one caller.
/// </remarks>
internal sealed class CallerKey
{
    /// <summary>The most parts that a key may have.</summary>
    public const int MostParts = 3;

    /// <summary>The room in which a text is written.</summary>
    public const int Room = MostParts * (LengthBytes + MostPartBytes);

    // A longer text is hashed, and before that a longer value by itself, so that each part has room with what stands around it.
    private const int LongestText = 256;
    private const int LongestValue = 256;
    private const int MostPartBytes = 384;
    private const int LengthBytes = sizeof(ushort);

    private readonly LimitKeySource[] _sources;
    private readonly byte[][] _names;
    private readonly string[] _missing;

    /// <summary>The key of these parts.</summary>
    public CallerKey(ValueList<LimitKeySource> sources)
    {
        (Sources, _sources) = (sources, [.. sources]);
        _names = [.. sources.Select(source => Encoding.ASCII.GetBytes(source.Name))];
        _missing = [.. sources.Select(source => $"client_ip (no {source})")];
        Text = string.Join(", ", sources);
    }

    /// <summary>Its parts.</summary>
    public ValueList<LimitKeySource> Sources { get; }

    /// <summary>What it is made of, for people: <c>identity, route</c>.</summary>
    public string Text { get; }

    /// <summary>Writes the caller's text.</summary>
    /// <param name="exchange">The request, on its loop.</param>
    /// <param name="room">Takes it at its beginning; <see cref="Room"/> bytes.</param>
    /// <param name="missing">What stands for the first part that the request does not have, for people; null where it has all.</param>
    /// <returns>Its length, 256 at most.</returns>
    public int Write(Exchange exchange, Span<byte> room, out string? missing)
    {
        missing = null;
        var length = 0;
        for (var at = 0; at < _sources.Length; at++)
        {
            var start = at == _sources.Length - 1 ? length : length + LengthBytes;
            var part = WritePart(exchange, at, room[start..]);
            if (part == 0)
            {
                missing ??= _missing[at];
                part = WriteAddress(exchange.ClientAddress, room[start..]);
            }

            if (start > length)
            {
                BinaryPrimitives.WriteUInt16BigEndian(room[length..], (ushort)part);
            }

            length = start + part;
        }

        if (length <= LongestText)
        {
            return length;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(room[..length], hash);
        var tag = WriteTag("sha256:"u8, room);
        Convert.TryToHexStringLower(hash, room[tag..], out var digits);
        return tag + digits;
    }

    /// <summary>Writes one part; 0 where the request does not have it.</summary>
    private int WritePart(Exchange exchange, int at, Span<byte> room)
    {
        switch (_sources[at].Type)
        {
            case LimitKeySourceType.Identity:
                return exchange.Identity is { } identity ? WriteIdentity(exchange, identity, room) : 0;

            case LimitKeySourceType.Claim:
                return exchange.Identity is { } caller && caller.TryGetClaim(_sources[at].Name, out var values) && values[0].Length > 0
                    ? WriteText(exchange, "claim"u8, values[0], room)
                    : 0;

            case LimitKeySourceType.Header:
                var fields = exchange.Request.Fields;
                return fields.Find(_names[at]) is var field and >= 0 && fields.Value(field) is { IsEmpty: false } value ? WriteValue("header"u8, value, room) : 0;

            case LimitKeySourceType.Route:
                var length = WriteTag("route:"u8, room);
                length += Encoding.UTF8.GetBytes(exchange.Proxy.Listener, room[length..]);
                return length + WriteText(exchange, default, exchange.Route!.Name, room[length..]);

            default:
                return WriteAddress(exchange.ClientAddress, room);
        }
    }

    private static int WriteIdentity(Exchange exchange, Identity identity, Span<byte> room)
    {
        var length = WriteTag("identity:"u8, room);
        length += Encoding.UTF8.GetBytes(identity.Provider, room[length..]);
        return length + WriteText(exchange, default, identity.Subject, room[length..]);
    }

    private static int WriteText(Exchange exchange, ReadOnlySpan<byte> tag, string text, Span<byte> room)
    {
        var start = tag.Length + 1;
        if (Utf8.FromUtf16(text, room.Slice(start, LongestValue), out _, out var length) == OperationStatus.Done)
        {
            room[WriteTag(tag, room)] = (byte)':';
            return start + length;
        }

        // The free bytes behind the request's fields are the room in which it is written; nothing of it stays.
        var scratch = exchange.Request.Fields.Room(Encoding.UTF8.GetMaxByteCount(text.Length));
        return WriteValue(tag, scratch[..Encoding.UTF8.GetBytes(text, scratch)], room);
    }

    private static int WriteValue(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> value, Span<byte> room)
    {
        var length = WriteTag(tag, room);
        if (value.Length > LongestValue)
        {
            // Another sign than that of a value, so that nobody can write the hash of another's.
            room[length++] = (byte)'#';
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(value, hash);
            Convert.TryToHexStringLower(hash, room[length..], out var digits);
            return length + digits;
        }

        room[length++] = (byte)':';
        value.CopyTo(room[length..]);
        return length + value.Length;
    }

    private static int WriteTag(ReadOnlySpan<byte> tag, Span<byte> room)
    {
        tag.CopyTo(room);
        return tag.Length;
    }

    private static int WriteAddress(IPAddress? address, Span<byte> room)
    {
        var length = WriteTag("ip:"u8, room);
        if (address is null)
        {
            return length + WriteTag("unix"u8, room[length..]);
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        if (address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6)
        {
            for (var at = count - 4; at < count; at++)
            {
                length += at == count - 4 ? 0 : WriteTag("."u8, room[length..]);
                bytes[at].TryFormat(room[length..], out var digits);
                length += digits;
            }

            return length;
        }

        // The network of 64 bits: the least that a subscriber is given, and each of its addresses is free to take.
        for (var at = 0; at < 8; at += 2)
        {
            BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]).TryFormat(room[length..], out var digits, "x");
            length += digits + WriteTag(":"u8, room[(length + digits)..]);
        }

        return length + WriteTag(":/64"u8, room[length..]);
    }
}
