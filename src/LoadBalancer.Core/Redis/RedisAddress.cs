using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Redis;

/// <summary>Where a server is, and what the file says of it in the same breath: <c>rediss://lb@redis.internal:6379/2</c>.</summary>
internal sealed record RedisAddress
{
    /// <summary>The port of a server of which the file names none.</summary>
    public const int StandardPort = 6379;

    /// <summary>A name, or an IP address without brackets; the path of a Unix socket.</summary>
    public required string Host { get; init; }

    /// <summary>The port; 0 for a Unix socket.</summary>
    public int Port { get; init; } = StandardPort;

    /// <summary>True where TLS is spoken with it.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>Who asks; null for the server's default user.</summary>
    public string? User { get; init; }

    /// <summary>Their password; null for none.</summary>
    public Secret? Password { get; init; }

    /// <summary>The number of the database; null where nothing is said of it.</summary>
    public int? Database { get; init; }

    /// <summary>True for a Unix socket.</summary>
    public bool IsUnix => Port == 0;

    /// <summary>The address, where it need not be looked up; null for a name.</summary>
    public EndPoint? Fixed => IsUnix ? new UnixDomainSocketEndPoint(Host) : IPAddress.TryParse(Host, out var ip) ? new IPEndPoint(ip, Port) : null;

    /// <summary>The name that is looked up; null for an address.</summary>
    public string? Name => Fixed is null ? Host : null;

    /// <summary>What it is called in logs and metrics: <c>10.0.0.9:6379</c>.</summary>
    public string Label => IsUnix ? AddressText.UnixPrefix + Host : string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>As the file has it, without the password.</summary>
    public override string ToString()
    {
        var caller = User is null && Password is null ? "" : $"{User}{(Password is null ? "" : $":{Secret.Shown}")}@";
        return IsUnix ? Label : string.Create(CultureInfo.InvariantCulture, $"redis{(IsEncrypted ? "s" : "")}://{caller}{Label}{(Database is { } database ? $"/{database}" : "")}");
    }
}
