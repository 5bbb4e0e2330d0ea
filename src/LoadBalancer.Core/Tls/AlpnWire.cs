using System.Collections.Immutable;

namespace LoadBalancer.Tls;

/// <summary>Protocols as ALPN writes them (RFC 7301 section 3.1): a length, and the name.</summary>
internal static class AlpnWire
{
    /// <summary>The name of a protocol; empty for <see cref="ApplicationProtocol.None"/>.</summary>
    public static ReadOnlySpan<byte> NameOf(ApplicationProtocol protocol) => protocol switch
    {
        ApplicationProtocol.Http1 => "http/1.1"u8,
        ApplicationProtocol.Http2 => "h2"u8,
        _ => default,
    };

    /// <summary>The protocol of that name; <see cref="ApplicationProtocol.None"/> for any other.</summary>
    public static ApplicationProtocol Read(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("h2"u8) ? ApplicationProtocol.Http2
        : name.SequenceEqual("http/1.1"u8) ? ApplicationProtocol.Http1
        : ApplicationProtocol.None;

    /// <summary>A list of protocols.</summary>
    public static byte[] Write(ImmutableArray<ApplicationProtocol> protocols)
    {
        var list = new List<byte>();
        foreach (var protocol in protocols)
        {
            var name = NameOf(protocol);
            list.Add((byte)name.Length);
            list.AddRange(name);
        }

        return [.. list];
    }

    /// <summary>The first of <paramref name="protocols"/> that <paramref name="offered"/> has; <see cref="ApplicationProtocol.None"/> where none is, or the list is broken.</summary>
    public static ApplicationProtocol Choose(ImmutableArray<ApplicationProtocol> protocols, ReadOnlySpan<byte> offered, out int start, out int length)
    {
        foreach (var protocol in protocols)
        {
            var name = NameOf(protocol);
            for (var at = 0; at < offered.Length; at += 1 + offered[at])
            {
                if (offered.Length - at > offered[at] && offered.Slice(at + 1, offered[at]).SequenceEqual(name))
                {
                    (start, length) = (at + 1, offered[at]);
                    return protocol;
                }
            }
        }

        (start, length) = (0, 0);
        return ApplicationProtocol.None;
    }
}
