using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>One element of the Forwarded field (RFC 7239 section 4): <c>for="[2001:db8::1]:4711";proto=https</c>.</summary>
internal static class ForwardedElement
{
    /// <summary>The value of a parameter, without its quotes. False where it is missing, is there twice, or holds what no address, host or scheme has.</summary>
    public static bool TryGet(ReadOnlySpan<byte> element, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        var found = false;
        while (element.Length > 0)
        {
            var end = EndOfPair(element);
            var pair = FieldText.Trim(element[..end]);
            element = end < element.Length ? element[(end + 1)..] : default;
            var equals = pair.IndexOf((byte)'=');
            if (equals < 0 || !Ascii.EqualsIgnoreCase(pair[..equals], name))
            {
                continue;
            }

            value = pair[(equals + 1)..];
            if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
            {
                value = value[1..^1];
            }

            if (found || value.ContainsAny((byte)'"', (byte)'\\'))
            {
                return false;
            }

            found = true;
        }

        return found;
    }

    /// <summary>Writes our own element.</summary>
    /// <param name="peer">The text of the peer's address.</param>
    /// <param name="isSecure">True where the peer's connection is encrypted.</param>
    /// <param name="host">The host that it asked for; left out where it is too long or needs more than quotes.</param>
    /// <param name="to">Takes the element.</param>
    /// <returns>How long it is.</returns>
    public static int Write(ReadOnlySpan<byte> peer, bool isSecure, ReadOnlySpan<byte> host, Span<byte> to)
    {
        var used = 0;
        Put("for="u8, to, ref used);
        if (peer.Contains((byte)':'))
        {
            Put("\"["u8, to, ref used);
            Put(peer, to, ref used);
            Put("]\""u8, to, ref used);
        }
        else
        {
            Put(peer, to, ref used);
        }

        if (HostText.IsHost(host))
        {
            Put(";host=\""u8, to, ref used);
            Put(host, to, ref used);
            Put("\""u8, to, ref used);
        }

        Put(isSecure ? ";proto=https"u8 : ";proto=http"u8, to, ref used);
        return used;
    }

    private static void Put(ReadOnlySpan<byte> text, Span<byte> to, ref int used)
    {
        text.CopyTo(to[used..]);
        used += text.Length;
    }

    private static int EndOfPair(ReadOnlySpan<byte> element)
    {
        var quoted = false;
        for (var at = 0; at < element.Length; at++)
        {
            if (element[at] == '"')
            {
                quoted = !quoted;
            }
            else if (element[at] == ';' && !quoted)
            {
                return at;
            }
        }

        return element.Length;
    }
}
