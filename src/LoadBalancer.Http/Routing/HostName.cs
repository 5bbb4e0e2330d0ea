using System.Buffers;
using System.Net;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>The one form of the host that a request asks for: lower case, without port and without the root's dot.</summary>
internal static class HostName
{
    /// <summary>RFC 1035, section 2.3.4, without the dot of the root.</summary>
    private const int MostLength = 253;

    private const int MostPort = 65535;

    private static readonly SearchValues<byte> Lower = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_."u8);
    private static readonly SearchValues<byte> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);
    private static readonly SearchValues<byte> InAddress = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    /// <summary>
    /// Sets <see cref="RequestHead.Host"/> by <see cref="RequestHead.Authority"/>: a name or an address, an IPv6 one in brackets, with or
    /// without a port (RFC 3986, section 3.2.2). Neither user nor percent-encoding, and the port is a number from 1.
    /// </summary>
    /// <returns><see cref="FaultKind.None"/>, or <see cref="FaultKind.HostInvalid"/>.</returns>
    public static FaultKind Read(RequestHead head)
    {
        if (!TrySplit(head.Authority, out var host))
        {
            return FaultKind.HostInvalid;
        }

        if (host.ContainsAnyInRange((byte)'A', (byte)'Z'))
        {
            var length = host.Length;
            var start = head.Fields.Bytes.Length;
            var lower = head.Fields.Reserve(length);
            // Reserving may have moved the bytes; the host is what its authority begins with.
            Ascii.ToLower(head.Authority[..length], lower, out _);
            head.HostSlice = new Slice(start, length);
        }
        else
        {
            head.HostSlice = new Slice(head.AuthoritySlice.Start, host.Length);
        }

        return FaultKind.None;
    }

    /// <summary>The host at the beginning of <paramref name="authority"/>, in whatever case; false where it is none.</summary>
    internal static bool TrySplit(ReadOnlySpan<byte> authority, out ReadOnlySpan<byte> host)
    {
        host = default;
        var bracket = authority.StartsWith("["u8) ? authority.IndexOf((byte)']') : -1;
        var colon = bracket < 0 ? authority.IndexOf((byte)':') : bracket + 1 < authority.Length ? bracket + 1 : -1;
        if (colon >= 0 && !IsPort(authority[colon..]))
        {
            return false;
        }

        host = colon < 0 ? authority : authority[..colon];
        if (bracket >= 0)
        {
            var address = host[1..^1];
            return !address.ContainsAnyExcept(InAddress) && address.Contains((byte)':') && IPAddress.IsValidUtf8(address);
        }

        if (host.EndsWith("."u8))
        {
            host = host[..^1];
        }

        return host.Length is > 0 and <= MostLength && IsName(host);
    }

    private static bool IsName(ReadOnlySpan<byte> name) =>
        (!name.ContainsAnyExcept(Lower) || !name.ContainsAnyExcept(Letters)) && name[0] != '.' && name[^1] != '.' && name.IndexOf(".."u8) < 0;

    private static bool IsPort(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 2 or > 6 || text[0] != ':')
        {
            return false;
        }

        var port = 0;
        foreach (var digit in text[1..])
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            port = (port * 10) + (digit - '0');
        }

        return port is > 0 and <= MostPort;
    }
}
