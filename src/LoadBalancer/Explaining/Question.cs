using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Explaining;

/// <summary>A request to be explained, as a command line, the body of POST /explain or a case of a test writes it.</summary>
internal sealed record Question
{
    /// <summary>What it may be at most, as JSON in bytes.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Whom an address stands for that nobody has named: one of the documentation's own (RFC 5737), which no list should have.</summary>
    public static readonly IPAddress UnnamedClient = IPAddress.Parse("192.0.2.1");

    // A document that leaves a key out is read as one that has nothing there, whatever the initial value.

    /// <summary>The method.</summary>
    public string Method { get; init => field = value ?? "GET"; } = "GET";

    /// <summary>Where it goes: http or https, with a host.</summary>
    public required string Url { get; init; }

    /// <summary>The header fields, each <c>Name: value</c>.</summary>
    public IReadOnlyList<string> Headers { get; init => field = value ?? []; } = [];

    /// <summary>The address that connects, of the client or of the proxy before lb; null for <see cref="UnnamedClient"/>.</summary>
    public string? Client { get; init; }

    /// <summary>The listener's name; null for the one that the URL leads to.</summary>
    public string? Listener { get; init; }

    /// <summary>The name that TLS is asked for; null for the URL's host, and empty for none.</summary>
    public string? ServerName { get; init; }

    /// <summary>The certificate that the client shows, in PEM; null for none.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>Who calls, in place of finding it out, as <c>sub=alice,roles=a,b</c>; null where that is found out.</summary>
    public string? Identity { get; init; }

    /// <summary>The request that this means.</summary>
    /// <param name="local">Where the client connects to.</param>
    /// <exception cref="QuestionException">It means none; the message says why.</exception>
    public RehearsedRequest ToRequest(EndPoint? local)
    {
        var url = ReadUrl(Url);
        if (Headers.Any(each => !IsField(each)))
        {
            throw new QuestionException($"a header is 'Name: value' in one line, not {ScalarNode.Quote(NameOf(Headers.First(each => !IsField(each)) ?? ""))}");
        }

        return new RehearsedRequest
        {
            Method = FieldText.IsToken(System.Text.Encoding.UTF8.GetBytes(Method)) ? Method : throw new QuestionException($"{ScalarNode.Quote(Method)} is no method"),
            Url = Url,
            Target = TargetOf(Url),
            Authority = url.IsDefaultPort ? HostOf(url) : FormattableString.Invariant($"{HostOf(url)}:{url.Port}"),
            Fields = Headers,
            Peer = new IPEndPoint(Client is null ? UnnamedClient : ReadAddress(Client), 0),
            Local = local,
            ServerName = ServerName ?? (url.HostNameType == UriHostNameType.Dns ? url.IdnHost : ""),
            ClientCertificate = ClientCertificate is null ? null : ReadCertificate(ClientCertificate),
        };
    }

    /// <summary>Who is taken to call; null for whoever is found out.</summary>
    /// <param name="providers">The entries of the file's <c>auth</c>: of those that <c>provider=</c> names, or the only one, is what the endpoint is told.</param>
    /// <exception cref="QuestionException">That cannot be read.</exception>
    public Identity? ToIdentity(ValueMap<ProviderOptions> providers)
    {
        if (Identity is null)
        {
            return null;
        }

        // What has no name belongs to the list before it: sub=alice,roles=a,b.
        var claims = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? open = null;
        foreach (var part in Identity.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                open = claims[part[..equals]] = [part[(equals + 1)..]];
            }
            else if (open is not null && part.Length > 0)
            {
                open.Add(part);
            }
            else
            {
                throw new QuestionException($"an identity is written as sub=alice,roles=a,b, not {ScalarNode.Quote(Identity)}");
            }
        }

        if (claims.GetValueOrDefault("sub") is not [var subject, ..])
        {
            throw new QuestionException("an identity needs a subject: sub=alice");
        }

        IEnumerable<string> names = claims.GetValueOrDefault("provider") ?? (providers.Count == 1 ? [providers.Keys.First()] : ["assumed"]);
        if (providers.Count > 0 && claims.ContainsKey("provider") && names.FirstOrDefault(name => !providers.ContainsKey(name)) is { } unknown)
        {
            throw new QuestionException($"no entry of 'auth' is called {ScalarNode.Quote(unknown)}{NearestName.Suggest(unknown, providers.Keys)}");
        }

        // As the file's other words are: the scopes of a token are one text with spaces.
        if (claims.Remove("scopes", out var scopes))
        {
            claims["scope"] = [string.Join(' ', scopes)];
        }

        // Keys and passwords have the first claim by another name.
        claims.TryAdd("subject", [subject]);
        claims.TryAdd("scopes", [.. claims.GetValueOrDefault("scope")?[0].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []]);
        var all = claims.ToFrozenDictionary(claim => claim.Key, claim => claim.Value.ToImmutableArray(), StringComparer.Ordinal);
        return names.Select(Map).Aggregate((first, next) => first.And(next));

        Identity Map(string name) => new IdentityMapping(name, "roles", "plan", providers.GetValueOrDefault(name)?.ForwardedClaims ?? ValueMap<string>.Empty).Map(subject, all, long.MaxValue);
    }

    /// <summary>The URL of a request.</summary>
    /// <exception cref="QuestionException">It is none.</exception>
    public static Uri ReadUrl(string text)
    {
        if (text.Any(char.IsControl))
        {
            throw new QuestionException("the URL has a control character, which no request can carry");
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https" or "ws" or "wss") || url.Host.Length == 0)
        {
            throw new QuestionException($"a URL begins with http:// or https:// and has a host, not {ScalarNode.Quote(text)}");
        }

        return url.UserInfo.Length == 0 ? url : throw new QuestionException("a request has no user and password in its URL: give them as a header, Authorization: Basic …");
    }

    private static string HostOf(Uri url) => url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;

    // As it was written: how a path is understood is lb's own matter.
    private static string TargetOf(string url)
    {
        var rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var fragment = rest.IndexOf('#', StringComparison.Ordinal);
        rest = fragment < 0 ? rest : rest[..fragment];
        var start = rest.AsSpan().IndexOfAny('/', '?', '\\');
        var target = start < 0 ? "/" : rest[start] == '?' ? "/" + rest[start..] : rest[start..];
        return string.Concat(target.EnumerateRunes().Select(rune => rune.IsAscii ? rune.ToString() : Uri.EscapeDataString(rune.ToString())));
    }

    private static bool IsField(string? line) => line?.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
        && FieldText.IsToken(System.Text.Encoding.UTF8.GetBytes(line[..colon])) && !line.Any(letter => char.IsControl(letter) && letter != '\t');

    // The value may be a secret, and the error be read by somebody else.
    private static string NameOf(string line) => line.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? line[..colon] + ": …" : line.Length > 16 ? line[..16] + "…" : line;

    private static IPAddress ReadAddress(string text) => AddressText.TryParseIp(text, out var address)
        ? address
        : throw new QuestionException($"the client is an IP address, not {ScalarNode.Quote(text)}");

    private static X509Certificate2 ReadCertificate(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException)
        {
            throw new QuestionException("the client's certificate is not PEM");
        }
    }
}
