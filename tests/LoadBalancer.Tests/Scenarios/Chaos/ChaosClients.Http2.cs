using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>Those of HTTP/2.</summary>
internal sealed partial class ChaosClients
{
    /// <summary>What a raw client sends in one body: it does not wait for windows.</summary>
    private const int MostRawBody = 20_000;

    // .NET's: it keeps its connections, asks again by itself where it may, and has bodies of any size.
    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void AskHttp2(Random chance)
    {
        while (!_done)
        {
            var id = NextId("h2");
            var (posts, size) = (chance.Next(3) == 0, Size(chance));
            var target = $"{Group(chance)}/{(posts ? "echo" : size)}";
            var what = $"{(posts ? $"POST {size}" : "GET")} {target}";
            var began = _farm.Elapsed;
            try
            {
                using var request = new HttpRequestMessage(posts ? HttpMethod.Post : HttpMethod.Get, new Uri($"http://{_farm.Web}{target}")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                request.Headers.Add("X-Request-Id", id);
                request.Content = posts ? new ByteArrayContent(Body(size)) : null;
                using var response = _http2.SendAsync(request).GetAwaiter().GetResult();
                var body = response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
                if (Judge((int)response.StatusCode, response.Headers.TryGetValues("X-Echo", out var echo) ? echo.Single() : null, id, body, size) is { } wrong)
                {
                    Failed(began, id, what, wrong.Seen, wrong.Code);
                }
                else
                {
                    Ended("h2", id);
                }
            }
            catch (Exception error)
            {
                Failed(began, id, what, Words(error));
            }

            Rest(chance);
        }
    }

    private void AskRawHttp2(Random chance, string name, bool tls) => OverHttp2(chance, name, tls, (wire, id) =>
    {
        var (posts, size) = (chance.Next(3) == 0, Size(chance));
        size = posts ? Math.Min(size, MostRawBody) : size;
        var target = $"{Group(chance)}/{(posts ? "echo" : size)}";
        var stream = wire.Open(Fields(posts ? "POST" : "GET", target, tls, ("x-request-id", id)), ends: !posts);
        if (posts)
        {
            wire.Data(stream, Body(size), ends: true);
        }

        return ($"{(posts ? $"POST {size}" : "GET")} {target}", stream, answer => Judge(answer.Status, answer["x-echo"], id, answer.Body, size));
    });

    private void CallGrpc(Random chance) => OverHttp2(chance, "grpc", tls: false, (wire, id) =>
    {
        var message = Body(chance.Next(3_000));
        var stream = wire.Open(Fields("POST", "/grpc.Chaos/Echo", tls: false, ("content-type", "application/grpc"), ("te", "trailers"), ("x-request-id", id)), ends: false);
        wire.Data(stream, GrpcEndpoint.Frame(message), ends: true);
        return ("gRPC", stream, answer =>
        {
            // What lb says by itself has fields only.
            var told = answer["grpc-message"]?.Split(',')[0];
            var status = answer.Trailers.FirstOrDefault(field => field.StartsWith("grpc-status:", StringComparison.Ordinal))?["grpc-status:".Length..].Trim();
            return (answer["grpc-status"] ?? "0") != "0" ? ($"grpc-status {answer["grpc-status"]}, {told}", told)
                : answer.Status != 200 || answer["x-echo"] != id ? ($"WRONG: {answer.FirstLine}, the answer to {answer["x-echo"]}", null)
                : !answer.Body.AsSpan().SequenceEqual(GrpcEndpoint.Frame(message)) ? ($"WRONG: {answer.Body.Length} bytes came back of {message.Length}", null)
                : status != "0" ? ($"WRONG: it ended with the status '{status}'", null)
                : null;
        });
    });

    private static IEnumerable<(string, string)> Fields(string method, string path, bool tls, params (string, string)[] further) =>
        [(":method", method), (":scheme", tls ? "https" : "http"), (":path", path), (":authority", "test"), .. further];

    // One stream after the other, on a connection that is kept until it is told to go. It asks nothing twice.
    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void OverHttp2(Random chance, string name, bool tls, Func<Http2Wire, string, (string What, int Stream, Func<HttpMessage, (string Seen, string? Code)?> Judge)> ask)
    {
        Http2Wire? wire = null;
        while (!_done)
        {
            var id = NextId(name);
            var (what, began, wasKept) = (name, _farm.Elapsed, wire is not null);
            try
            {
                wire ??= OpenHttp2(tls);
                (what, var stream, var judge) = ask(wire, id);
                var answer = Read(wire, stream, out var isLeaving);
                if (judge(answer) is { } wrong)
                {
                    Failed(began, id, what, wrong.Seen, wrong.Code);
                }
                else
                {
                    Ended(name, id);
                }

                if (isLeaving)
                {
                    wire.Dispose();
                    wire = null;
                }
            }
            catch (UntakenException error)
            {
                Failed(began, id, what, error.Message, untaken: true);
                wire?.Dispose();
                wire = null;
            }
            catch (Exception error)
            {
                Failed(began, id, what, Words(error), untaken: wasKept && error is SocketException or IOException);
                wire?.Dispose();
                wire = null;
            }

            Rest(chance);
        }

        wire?.Dispose();
    }

    private Http2Wire OpenHttp2(bool tls)
    {
        var socket = Loopback.Connect(tls ? _farm.Secure : _farm.Web);
        return new Http2Wire(socket, Secured(socket, tls, SslApplicationProtocol.Http2));
    }

    /// <summary>The answer on a stream.</summary>
    /// <param name="wire">The connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="isLeaving">True where the connection was told to take no further streams.</param>
    private static HttpMessage Read(Http2Wire wire, int stream, out bool isLeaving)
    {
        isLeaving = false;
        IReadOnlyList<string>? head = null;
        IReadOnlyList<string> trailers = [];
        using var body = new MemoryStream();
        while (true)
        {
            var frame = wire.Read() ?? throw (head is null ? new IOException("the connection ended without an answer") : new InvalidDataException("the connection ended within the answer"));
            if (frame.Kind == FrameKind.GoAway)
            {
                isLeaving = true;
                if (frame.Error != Http2Error.NoError)
                {
                    throw new InvalidDataException($"the connection ended with {frame.Error}");
                }

                if (frame.Number < stream)
                {
                    throw new UntakenException($"GOAWAY after stream {frame.Number}, before {stream}");
                }
            }

            if (frame.StreamId != stream || frame.Kind == FrameKind.WindowUpdate)
            {
                continue;
            }

            switch (frame.Kind)
            {
                case FrameKind.Headers when head is null:
                    var fields = wire.Fields(frame);
                    head = fields[0].StartsWith(":status: 1", StringComparison.Ordinal) ? null : fields;
                    break;
                case FrameKind.Headers:
                    trailers = wire.Fields(frame);
                    break;
                case FrameKind.Data:
                    body.Write(frame.Payload);
                    break;
                case FrameKind.ResetStream when frame.Error == Http2Error.RefusedStream:
                    throw new UntakenException("the stream was refused");
                default:
                    throw new InvalidDataException($"{frame.Kind} {(frame.Kind == FrameKind.ResetStream ? frame.Error : null)} after {body.Length} bytes");
            }

            if (frame.EndsStream)
            {
                return new HttpMessage($"HTTP/2 {head![0][":status: ".Length..]}", [.. head.Skip(1)], body.ToArray(), trailers);
            }
        }
    }

    /// <summary>The other side says that it has not looked at the stream.</summary>
    private sealed class UntakenException(string message) : Exception(message);
}
