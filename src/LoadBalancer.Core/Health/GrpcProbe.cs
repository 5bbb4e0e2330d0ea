using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// The probe <c>type: grpc</c>: one call of gRPC's health checking protocol (<c>grpc.health.v1.Health/Check</c>) over HTTP/2 on a connection
/// of its own; without TLS the endpoint is expected to speak it at once (prior knowledge). Healthy is <c>SERVING</c>.
/// </summary>
/// <remarks>The message is written and read by hand: it has one field each way (github.com/grpc/grpc, doc/health-checking.md).</remarks>
internal sealed class GrpcProbe : ConnectionProbe
{
    private const int PrefixBytes = 5;
    private const int MostAnswerBytes = 1024;
    private const int Serving = 1;
    private const int Unimplemented = 12;
    private const int NotFound = 5;

    private static readonly string[] States = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    private readonly ActiveHealthOptions _options;
    private readonly ProbeHandshake? _handshake;
    private readonly byte[] _request;

    /// <summary>A probe that asks as <paramref name="options"/> say.</summary>
    /// <param name="connector">The way to the endpoint.</param>
    /// <param name="handshake">How TLS is agreed on; null for none.</param>
    /// <param name="options">The service that is asked for, and the host.</param>
    public GrpcProbe(ProbeConnector connector, ProbeHandshake? handshake, ActiveHealthOptions options)
        : base(connector)
    {
        _options = options;
        _handshake = handshake;
        _request = RequestFor(options.Service ?? "");
    }

    /// <inheritdoc/>
    protected override async ValueTask<ProbeAnswer> ConverseAsync(ConnectionContext connection, EndPoint address, CancellationToken cancellation)
    {
        await using var transport = new DuplexPipeStream(connection.Transport);
        await using var stream = _handshake is null ? (Stream)transport : await _handshake.ShakeAsync(transport, address, SslApplicationProtocol.Http2, cancellation);
        using var client = HttpProbe.Client(stream);
        using var request = RequestTo(address);
        try
        {
            using var response = await client.SendAsync(request, cancellation);
            return await JudgeAsync(response, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is HttpRequestException or HttpIOException)
        {
            return HttpProbe.AnswerFor(e, "HTTP/2");
        }
    }

    private HttpRequestMessage RequestTo(EndPoint address)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://endpoint/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(_request),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.Host = _options.Host ?? _handshake?.ServerName ?? (address is IPEndPoint ? address.ToString() : "localhost");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("lb-health", null));
        return request;
    }

    private async ValueTask<ProbeAnswer> JudgeAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return new(ProbeResult.Status, $"status {(int)response.StatusCode}, which is no answer of gRPC");
        }

        // What ends without a message has its status among the first fields ("Trailers-Only").
        var message = await ReadAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation);
        var status = Status(response.TrailingHeaders) ?? Status(response.Headers);
        if (status is null)
        {
            return new(ProbeResult.Status, "an answer without grpc-status");
        }

        if (status != 0)
        {
            return new(ProbeResult.Status, status switch
            {
                Unimplemented => "grpc-status 12 (UNIMPLEMENTED): the endpoint has no health service",
                NotFound => $"grpc-status 5 (NOT_FOUND): the endpoint's health service does not know {ScalarNode.Quote(_options.Service ?? "")}",
                _ => string.Create(CultureInfo.InvariantCulture, $"grpc-status {status}"),
            });
        }

        var state = State(message);
        return state == Serving
            ? new(ProbeResult.Passed, "SERVING")
            : new(ProbeResult.Status, state >= 0 && state < States.Length ? $"{States[state]}, expected SERVING" : "an answer that is none of the health service");
    }

    private static int? Status(HttpHeaders fields) =>
        fields.TryGetValues("grpc-status", out var values) && int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : null;

    private static byte[] RequestFor(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        byte[] message = name.Length switch
        {
            0 => [],
            < 0x80 => [0x0a, (byte)name.Length, .. name],
            _ => [0x0a, (byte)(name.Length | 0x80), (byte)(name.Length >> 7), .. name],
        };
        var request = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), message.Length);
        message.CopyTo(request, PrefixBytes);
        return request;
    }

    private static async ValueTask<byte[]> ReadAsync(Stream body, CancellationToken cancellation)
    {
        var buffer = new byte[MostAnswerBytes];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return buffer[..length];
    }

    /// <summary>The field <c>status</c> of a HealthCheckResponse, which is 0 where it is left out; -1 for what is none.</summary>
    private static int State(byte[] answer) =>
        answer.Length < PrefixBytes || answer[0] != 0 || BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(1)) != answer.Length - PrefixBytes ? -1
        : answer.Length == PrefixBytes ? 0
        : answer.Length == PrefixBytes + 2 && answer[PrefixBytes] == 0x08 ? answer[PrefixBytes + 1]
        : -1;
}
