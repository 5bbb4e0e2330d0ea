using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LoadBalancer.Configuration;

namespace LoadBalancer.Redis;

/// <summary>
/// The address of a server: <c>redis://HOST</c> with a port, a user, a password and a database where they are wanted, <c>rediss://</c> for TLS, or
/// <c>unix:/path</c>. The password is a reference's; it is taken as it is, without percent-encoding.
/// </summary>
internal sealed class RedisAddressKind : Kind<RedisAddress>
{
    private const string Plain = "redis://";
    private const string Encrypted = "rediss://";
    private const int MostDatabases = 16384;

    /// <inheritdoc/>
    public override string Noun => "the address of a Redis server, redis://, rediss:// or unix:/path,";

    /// <inheritdoc/>
    public override string Example => "redis://10.0.0.9:6379";

    /// <inheritdoc/>
    public override string? Print(RedisAddress value) => value?.ToString();

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["pattern"] = @"^(rediss?://.+|unix:/.+|.*\$\{(env|file|credential):[^}]+\}.*)$",
    };

    /// <inheritdoc/>
    public override string? Advice(string text) => text switch
    {
        _ when text.StartsWith("unix:", StringComparison.Ordinal) => "the path of a Unix socket is absolute and at most 107 bytes long",
        _ when text.Contains("://", StringComparison.Ordinal) && !text.StartsWith("redis", StringComparison.Ordinal) => "the scheme is redis, or rediss for TLS",
        _ when !text.Contains("://", StringComparison.Ordinal) => $"write \"{Plain}{text}\"",
        _ => "behind the scheme is a name or an IP address (of IPv6 in brackets), and then a port from 1 to 65535 and /database where they are wanted",
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, RedisAddress start, ConfigReader reader, out RedisAddress value)
    {
        value = start;
        if (node is not ScalarNode { IsEmpty: false } scalar)
        {
            return ReadOutcome.Mismatch;
        }

        var (user, password) = Caller(scalar.Written);
        if (password is null && user.Contains("${", StringComparison.Ordinal))
        {
            // Else the password would be the user's name, which is no secret.
            reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} has a reference as the user's name and no password: write ':' before a reference that is the password, such as redis://:${{credential:redis}}@10.0.0.9");
            return ReadOutcome.Failed;
        }

        if (password is { Length: > 0 } && !password.Contains("${", StringComparison.Ordinal))
        {
            // Quoting it, as a mismatch would, would print the password.
            reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} holds a password, which does not stand in the file itself: write a reference, such as redis://:${{credential:redis}}@10.0.0.9, or the key 'password'");
            return ReadOutcome.Failed;
        }

        if (reader.Text(scalar) is not { } text)
        {
            return ReadOutcome.Failed;
        }

        if (!TryParse(text, out var parsed))
        {
            return ReadOutcome.Mismatch;
        }

        value = parsed;
        return ReadOutcome.Read;
    }

    /// <summary>Reads an address.</summary>
    public static bool TryParse(string text, out RedisAddress address)
    {
        address = new RedisAddress { Host = "" };
        if (text.StartsWith(AddressText.UnixPrefix, StringComparison.Ordinal))
        {
            var isPath = AddressText.TryParse(text, AddressUse.Endpoint, out _);
            address = new RedisAddress { Host = text[AddressText.UnixPrefix.Length..], Port = 0 };
            return isPath;
        }

        var encrypted = text.StartsWith(Encrypted, StringComparison.Ordinal);
        if (!encrypted && !text.StartsWith(Plain, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text[(encrypted ? Encrypted : Plain).Length..];

        // Whatever a password holds, a host has no at sign.
        var at = rest.LastIndexOf('@');
        var (caller, place) = at < 0 ? (null, rest) : (rest[..at], rest[(at + 1)..]);
        if (!TrySplitDatabase(ref place, out var database) || !TrySplitPort(ref place, out var port) || !TryParseHost(place, out var host))
        {
            return false;
        }

        var colon = caller?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        var user = colon < 0 ? caller : caller![..colon];
        address = new RedisAddress
        {
            Host = host,
            Port = port,
            IsEncrypted = encrypted,
            User = user is { Length: > 0 } ? user : null,
            Password = colon >= 0 && caller!.Length > colon + 1 ? new Secret(caller[(colon + 1)..]) : null,
            Database = database,
        };
        return caller is null || ((user is { Length: > 0 } || address.Password is not null) && !caller.Any(char.IsControl));
    }

    /// <summary>Who asks, by what is written before the last at sign: a colon within a reference divides nothing. No password where there is no colon.</summary>
    private static (string User, string? Password) Caller(string written)
    {
        var scheme = written.IndexOf("://", StringComparison.Ordinal);
        var at = written.LastIndexOf('@');
        var begin = scheme < 0 ? 0 : Math.Min(scheme + 3, Math.Max(at, 0));
        var isReference = false;
        for (var index = begin; index < at; index++)
        {
            isReference = isReference ? written[index] != '}' : written.AsSpan(index).StartsWith("${");
            if (written[index] == ':' && !isReference)
            {
                return (written[begin..index], written[(index + 1)..at]);
            }
        }

        return (at < 0 || isReference ? "" : written[begin..at], null);
    }

    private static bool TrySplitDatabase(ref string place, out int? database)
    {
        database = null;
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return true;
        }

        var digits = place[(slash + 1)..];
        place = place[..slash];
        if (digits.Length == 0)
        {
            return true;
        }

        var isNumber = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < MostDatabases;
        database = number;
        return isNumber;
    }

    private static bool TrySplitPort(ref string place, out int port)
    {
        port = RedisAddress.StandardPort;
        var colon = place.LastIndexOf(':');
        if (colon < 0 || place.EndsWith(']'))
        {
            return true;
        }

        var digits = place[(colon + 1)..];
        place = place[..colon];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= IPEndPoint.MaxPort;
    }

    private static bool TryParseHost(string text, out string host)
    {
        var bracketed = text.StartsWith('[') && text.EndsWith(']');
        host = bracketed ? text[1..^1] : text;
        if (AddressText.TryParseIp(host, out var ip))
        {
            return bracketed == (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any);
        }

        // Names are as discovery has them; a port is there for the parser's sake.
        return !bracketed && new Configuration.Values.NameWithPortKind().TryParse($"{host}:1", out _);
    }
}
