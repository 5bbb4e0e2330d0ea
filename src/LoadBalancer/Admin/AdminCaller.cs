using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Daemon.Admin;

/// <summary>Who asks, by what the connection and the request say.</summary>
internal sealed record AdminCaller
{
    /// <summary>Set where it came over a Unix socket.</summary>
    public LocalPeer? Local { get; init; }

    /// <summary>Where it came from over TCP; null over a Unix socket.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The Host header.</summary>
    public string? Host { get; init; }

    /// <summary>The Origin header.</summary>
    public string? Origin { get; init; }

    /// <summary>The Authorization header.</summary>
    public string? Authorization { get; init; }

    /// <summary>Where it came from, for the log: an address, or the process behind the Unix socket.</summary>
    public string From => Local?.Credentials is { } peer
        ? string.Create(CultureInfo.InvariantCulture, $"uid {peer.UserId} pid {peer.ProcessId}")
        : Address?.ToString() ?? "unix socket";

    /// <summary>Whose wrong tokens are counted together: an IPv4 address, an IPv6 network (its last 64 bits are anybody's choice), a local user.</summary>
    public string CountedAs => Local is not null
        ? string.Create(CultureInfo.InvariantCulture, $"uid {Local.Credentials?.UserId}")
        : Address is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } v6
            ? Convert.ToHexString(v6.GetAddressBytes().AsSpan(0, 8))
            : Address?.ToString() ?? "";

    /// <summary>The caller of one request.</summary>
    public static AdminCaller Of(IFeatureCollection features)
    {
        var headers = features.GetRequiredFeature<IHttpRequestFeature>().Headers;
        return new AdminCaller
        {
            Local = features.Get<LocalPeer>(),
            Address = features.Get<IHttpConnectionFeature>()?.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
                ? mapped.MapToIPv4()
                : features.Get<IHttpConnectionFeature>()?.RemoteIpAddress,
            Host = headers.Host,
            Origin = headers.Origin,
            Authorization = headers.Authorization,
        };
    }
}
