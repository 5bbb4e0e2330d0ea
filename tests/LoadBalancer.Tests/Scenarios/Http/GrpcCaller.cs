using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A client of gRPC by .NET's client of HTTP/2, on one connection as long as that lasts; messages are framed by hand.</summary>
internal sealed class GrpcCaller(EndPoint address) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });

    /// <summary>Begins a call; gives the head of its response.</summary>
    public Task<HttpResponseMessage> SendAsync(string method, HttpContent content, CancellationToken cancellation = default, string? timeout = null)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, $"http://{address}{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (timeout is not null)
        {
            request.Headers.TryAddWithoutValidation("grpc-timeout", timeout);
        }

        return _client.SendAsync(request, cancellation);
    }

    /// <summary>A whole call.</summary>
    /// <returns>The messages of the answer, and the status of gRPC.</returns>
    public async Task<(string[] Messages, string? Status)> CallAsync(string method, params string[] messages)
    {
        using var content = new ByteArrayContent([.. messages.SelectMany(message => GrpcEndpoint.Frame(Encoding.ASCII.GetBytes(message)))]);
        using var response = await SendAsync(method, content);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await using var body = await response.Content.ReadAsStreamAsync();
        var answers = new List<string>();
        while (await GrpcEndpoint.ReadAsync(body) is { } message)
        {
            answers.Add(Encoding.ASCII.GetString(message));
        }

        return ([.. answers], Field(response.TrailingHeaders, "grpc-status") ?? Field(response.Headers, "grpc-status"));
    }

    /// <summary>A call that lb itself ends, in a response that has fields only.</summary>
    /// <returns>The status of gRPC, and lb's reason.</returns>
    public async Task<(string? Status, string? Reason)> FailAsync(string method, string? timeout = null)
    {
        using var content = new ByteArrayContent(GrpcEndpoint.Frame("x"u8));
        using var response = await SendAsync(method, content, timeout: timeout);
        Assert.That((response.StatusCode, response.Content.Headers.ContentType?.MediaType), Is.EqualTo((HttpStatusCode.OK, "application/grpc")));
        Assert.That(await response.Content.ReadAsByteArrayAsync(), Is.Empty);
        var message = Field(response.Headers, "grpc-message");
        Assert.That(message, Does.Match("^[a-z_]+, request [0-9a-f]{32}$"));
        return (Field(response.Headers, "grpc-status"), message!.Split(',')[0]);
    }

    /// <summary>A field that stands once; null where there is none.</summary>
    public static string? Field(HttpHeaders fields, string name) => fields.TryGetValues(name, out var values) ? values.Single() : null;

    public void Dispose() => _client.Dispose();
}
