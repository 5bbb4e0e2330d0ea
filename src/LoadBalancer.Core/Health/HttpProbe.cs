using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// The probe <c>type: http</c>: one request on a connection of its own, and an answer with an expected status, and an
/// expected text in its body where the file has one.
/// </summary>
/// <remarks>
/// The framework's client reads the answer, which is a stranger's, within bounds; all else that it can do is off: it
/// follows no redirect, asks no proxy, keeps no cookie, unpacks nothing, and gets the connection that we made.
/// Where no text is expected the head is the answer, and a body is not waited for: it may be a stream without an end.
/// </remarks>
internal sealed class HttpProbe : ConnectionProbe
{
    /// <summary>An answer's head is read up to this size.</summary>
    public const int HeadKiB = 32;

    /// <summary>An answer's body is read up to this size.</summary>
    public const int BodyBytes = 64 * 1024;

    private readonly ActiveHealthOptions _options;
    private readonly ProbeHandshake? _handshake;
    private readonly Uri _target;
    private readonly HttpMethod _method;
    private readonly byte[]? _text;

    /// <summary>A probe that asks as <paramref name="options"/> say.</summary>
    /// <param name="connector">The way to the endpoint.</param>
    /// <param name="handshake">How TLS is agreed on; null for plain HTTP.</param>
    /// <param name="options">Method, path, host; what is expected.</param>
    public HttpProbe(ProbeConnector connector, ProbeHandshake? handshake, ActiveHealthOptions options)
        : base(connector)
    {
        _options = options;
        _handshake = handshake;

        // The path goes out as the file has it. The authority is never used: there is a Host header, and a connection.
        _target = new Uri($"http://endpoint{options.Path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        _method = HttpMethod.Parse(options.Method);
        _text = options.Body is { } body ? Encoding.UTF8.GetBytes(body) : null;
    }

    /// <inheritdoc/>
    protected override async ValueTask<ProbeAnswer> ConverseAsync(ConnectionContext connection, EndPoint address, CancellationToken cancellation)
    {
        await using var transport = new DuplexPipeStream(connection.Transport);
        await using var stream = _handshake is null ? (Stream)transport : await _handshake.ShakeAsync(transport, address, SslApplicationProtocol.Http11, cancellation);
        using var request = RequestTo(address);
        using var client = Client(stream);
        try
        {
            using var response = await client.SendAsync(request, cancellation);
            return await JudgeAsync(response, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is HttpRequestException or HttpIOException)
        {
            return AnswerFor(e, "HTTP/1.1");
        }
    }

    /// <summary>A client for one request, which reads a stranger's answer within bounds, and does nothing else that it could.</summary>
    public static HttpMessageInvoker Client(Stream stream) => new(new SocketsHttpHandler
    {
        // The client asks again where a connection ended without a byte. An endpoint is asked once.
        ConnectCallback = (_, _) => Interlocked.Exchange(ref stream!, null) is { } once ? ValueTask.FromResult(once) : throw new IOException("closed"),
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = HeadKiB,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.Zero,
        ActivityHeadersPropagator = null,
    });

    /// <summary>What <see cref="Client"/> has failed of.</summary>
    /// <param name="error">What it threw.</param>
    /// <param name="protocol">What the endpoint was expected to speak.</param>
    public static ProbeAnswer AnswerFor(Exception error, string protocol)
    {
        var kind = (error as HttpRequestException)?.HttpRequestError ?? (error as HttpIOException)?.HttpRequestError;
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is ConnectionResetException)
            {
                return new(ProbeResult.Reset, "connected, then reset without a whole answer");
            }

            kind = kind is null or HttpRequestError.Unknown && cause is HttpIOException http ? http.HttpRequestError : kind;
        }

        return kind switch
        {
            HttpRequestError.ResponseEnded or HttpRequestError.ConnectionError => new(ProbeResult.Closed, "connected, then closed without a whole answer"),
            HttpRequestError.ConfigurationLimitExceeded => new(ProbeResult.NotHttp, $"the head of the answer is larger than {HeadKiB} KiB"),
            HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => new(ProbeResult.NotHttp, $"the answer is not {protocol}: {Cause(error)}"),
            _ => new(ProbeResult.Error, Cause(error)),
        };
    }

    private static string Cause(Exception error) => ScalarNode.Clean((error.InnerException ?? error).Message);

    private HttpRequestMessage RequestTo(EndPoint address)
    {
        var request = new HttpRequestMessage(_method, _target) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Host = _options.Host ?? _handshake?.ServerName ?? (address is IPEndPoint ? address.ToString() : "localhost");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("lb-health", null));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        request.Headers.ConnectionClose = true;
        return request;
    }

    private async ValueTask<ProbeAnswer> JudgeAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (!_options.Status.Any(range => range.Contains(status)))
        {
            return new(ProbeResult.Status, $"status {status}, expected {string.Join(", ", _options.Status)}");
        }

        if (_text is null)
        {
            return new(ProbeResult.Passed, $"status {status}");
        }

        var (found, whole) = await FindAsync(await response.Content.ReadAsStreamAsync(cancellation), _text, cancellation);
        return found
            ? new(ProbeResult.Passed, $"status {status}, body contains {ScalarNode.Quote(_options.Body!)}")
            : new(ProbeResult.Body, $"status {status}, but body does not contain {ScalarNode.Quote(_options.Body!)}{(whole ? "" : $" in the first {BodyBytes / 1024} KiB")}");
    }

    /// <summary>Whether the text is in what is read of the body, and whether that was all of it. Reads no further than it must.</summary>
    private static async ValueTask<(bool Found, bool Whole)> FindAsync(Stream body, byte[] text, CancellationToken cancellation)
    {
        var buffer = new byte[BodyBytes];
        for (var length = 0; length < buffer.Length;)
        {
            var count = await body.ReadAsync(buffer.AsMemory(length), cancellation);
            if (count == 0)
            {
                return (false, true);
            }

            var from = Math.Max(0, length - text.Length);
            length += count;
            if (buffer.AsSpan(from, length - from).IndexOf(text) >= 0)
            {
                return (true, false);
            }
        }

        return (false, false);
    }
}
