using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Addresses;
using LoadBalancer.Health;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// HTTP/1.1 to issuers and check services: the framework's client within bounds, as a tool. It follows no redirect, asks no proxy, keeps no cookie and
/// unpacks nothing; an answer has <see cref="MostBytes"/> and <see cref="Patience"/> at most. One for the process. Thread-safe.
/// </summary>
/// <remarks>
/// Nothing runs on the caller's thread, so it may be asked from an event loop; what follows an await of it is on the thread pool (<c>await exchange.Loop</c>).
/// </remarks>
/// <param name="time">The clock of the time that an answer has, and that certificates are held against.</param>
internal sealed class OutboundClient(TimeProvider time) : IDisposable
{
    /// <summary>An answer's content is read up to this size; more is a failure.</summary>
    public const int MostBytes = 150 * 1024;

    private const int HeadKiB = 32;
    private const int MostConnections = 64;

    // RFC 6890, and what is used inside of networks: no address that a document of somebody else may send us to. Those of IPv6 that have one of IPv4 in them
    // lead wherever that does, and 168.63.129.16 is Azure's own, in every network there.
    private static readonly IpSet Inside = new(
        ((string[])["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"]).Select(IPNetwork.Parse));

    private readonly ConcurrentDictionary<(string? Ca, bool OutsideOnly), HttpMessageInvoker> _clients = new();

    /// <summary>How long an answer may take, from the look-up of the name to its last byte, where the caller does not say less.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Asks with GET. Never faults.</summary>
    /// <param name="address">Whom.</param>
    /// <param name="trust">How far it is trusted.</param>
    /// <param name="accept">What is asked for, as the Accept field has it.</param>
    public async Task<OutboundAnswer> GetAsync(Uri address, OutboundTrust trust, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await SendAsync(request, trust);
    }

    /// <summary>Sends a form with POST, and asks for JSON. Never faults.</summary>
    /// <param name="address">Whom.</param>
    /// <param name="trust">How far it is trusted.</param>
    /// <param name="form">The fields of the form.</param>
    /// <param name="authorization">Who we are, where the form does not say it.</param>
    public async Task<OutboundAnswer> PostFormAsync(
        Uri address, OutboundTrust trust, IEnumerable<KeyValuePair<string, string>> form, AuthenticationHeaderValue? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form) };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.Authorization = authorization;
        return await SendAsync(request, trust);
    }

    /// <summary>Sends a request. Never faults.</summary>
    /// <param name="request">The request; whoever made it disposes of it.</param>
    /// <param name="trust">How far the address is trusted.</param>
    /// <param name="patience">How long it may take in all; null for <see cref="Patience"/>.</param>
    public async Task<OutboundAnswer> SendAsync(HttpRequestMessage request, OutboundTrust trust, TimeSpan? patience = null)
    {
        // The caller may be an event loop, where nothing may wait, and a look-up of a name does.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var address = request.RequestUri!;
        if (trust.FlawOf(address) is { } flaw)
        {
            return OutboundAnswer.Failed($"the address {flaw}");
        }

        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("lb", null));
        var limit = patience ?? Patience;
        using var deadline = new CancellationTokenSource(limit, time);
        try
        {
            using var response = await ClientOf(trust).SendAsync(request, deadline.Token);
            var body = await ReadAsync(response.Content, deadline.Token);
            return body is null
                ? OutboundAnswer.Failed($"the answer is larger than {MostBytes / 1024} KiB")
                : new OutboundAnswer((int)response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType?.ToLowerInvariant() ?? "", body);
        }
        catch (OperationCanceledException)
        {
            return OutboundAnswer.Failed(FormattableString.Invariant($"no whole answer within {limit.TotalSeconds:0.###}s"));
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException or InvalidOperationException)
        {
            return OutboundAnswer.Failed(Cause(error));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > MostBytes)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[Math.Min(MostBytes, content.Headers.ContentLength ?? 4096) + 1];
        var length = 0;
        for (int count; (count = await stream.ReadAsync(buffer.AsMemory(length), cancellation)) > 0;)
        {
            length += count;
            if (length > MostBytes)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(2 * length, MostBytes + 1));
            }
        }

        return buffer[..length];
    }

    // The innermost is the one that says what happened; those around it say that something did.
    private static string Cause(Exception error)
    {
        while (error.InnerException is { } inner)
        {
            error = inner;
        }

        return string.Concat(error.Message.Select(letter => char.IsControl(letter) ? ' ' : letter));
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, bool outsideOnly, CancellationToken cancellation)
    {
        var addresses = IPAddress.TryParse(to.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(to.Host, cancellation);

        // After the look-up, and for the very addresses that are connected to: a name that changes its address meanwhile gains nothing.
        var allowed = !outsideOnly ? addresses : [.. addresses.Where(address => !Inside.Contains(address))];
        if (allowed.Length == 0)
        {
            throw new IOException($"{to.Host} is inside of our networks, where only what the file itself names is asked");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, to.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private HttpMessageInvoker ClientOf(OutboundTrust trust) => _clients.GetOrAdd(
        (trust.Ca, trust.OutsideOnly),
        static (key, client) => client.NewClient(key.Ca, key.OutsideOnly),
        this);

    private HttpMessageInvoker NewClient(string? ca, bool outsideOnly)
    {
        var authorities = ca is null ? null : new TrustedAuthorities(ca);
        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, outsideOnly, cancellation),
            SslOptions = new SslClientAuthenticationOptions
            {
                // Nothing is fetched to look at a certificate.
                CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
                RemoteCertificateValidationCallback = (stream, certificate, chain, _) =>
                    Vouches((X509Certificate2?)certificate, chain!, ((SslStream)stream).TargetHostName, authorities, ca),
            },
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = MostConnections,

            // Values go out as they came in, as answers come in by default.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            MaxResponseHeadersLength = HeadKiB,
            MaxResponseDrainSize = 0,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            // A name may get another address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = null,
        });
    }

    private bool Vouches(X509Certificate2? certificate, X509Chain chain, string name, TrustedAuthorities? authorities, string? ca)
    {
        if (certificate is null)
        {
            throw new AuthenticationException("tls: there is no certificate");
        }

        var policy = chain.ChainPolicy;
        policy.VerificationTimeIgnored = false;
        policy.VerificationTime = time.GetUtcNow().LocalDateTime;
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities.Current());
        }

        chain.Build(certificate);
        return CertificateVerdict.Of(certificate, chain, name, ca, time.GetUtcNow()) is { } refusal ? throw new AuthenticationException(refusal.Reason) : true;
    }
}
