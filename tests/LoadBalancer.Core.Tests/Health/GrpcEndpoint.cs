using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tests.Health;

/// <summary>
/// An endpoint that serves gRPC on Kestrel, its messages framed by hand: a method of each kind, whatever the service is called, and the health service.
/// </summary>
internal sealed class GrpcEndpoint : IAsyncDisposable
{
    private const int PrefixBytes = 5;

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<IHeaderDictionary> _asked = new();

    private GrpcEndpoint(WebApplication app) => _app = app;

    /// <summary>What the health service answers, by the name of the service; <c>SERVING</c> is 1.</summary>
    public ConcurrentDictionary<string, int> States { get; } = new() { [""] = 1 };

    /// <summary>False where there is no health service.</summary>
    public bool HasHealth { get; set; } = true;

    /// <summary>The status of HTTP that a method has which there is not; 200 for an answer of gRPC.</summary>
    public int FailsWith { get; set; } = 200;

    /// <summary>Completes when a call was cancelled that hangs.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a call hangs.</summary>
    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The fields of what it was asked.</summary>
    public IReadOnlyList<IHeaderDictionary> Asked => [.. _asked];

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; private set; } = null!;

    /// <summary>One that listens.</summary>
    public static async Task<GrpcEndpoint> StartAsync(HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        var app = builder.Build();
        var endpoint = new GrpcEndpoint(app);
        app.Run(endpoint.ServeAsync);
        await app.StartAsync();
        endpoint.Address = new IPEndPoint(IPAddress.Loopback, new Uri(app.Urls.Single()).Port);
        return endpoint;
    }

    /// <summary>A message as gRPC frames it.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(PrefixBytes));
        return frame;
    }

    /// <summary>The next message of a stream; null at its end.</summary>
    public static async Task<byte[]?> ReadAsync(Stream stream)
    {
        var prefix = new byte[PrefixBytes];
        var count = await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false);
        if (count < PrefixBytes)
        {
            return count == 0 ? null : throw new EndOfStreamException("a message broke off");
        }

        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(1))];
        await stream.ReadExactlyAsync(message);
        return message;
    }

    /// <summary>Stops in order: it says so on its connections (GOAWAY), and answers what it has begun.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> message)
    {
        await context.Response.Body.WriteAsync(Frame(message.Span));
        await context.Response.Body.FlushAsync();
    }

    private static void End(HttpContext context, int status, string? message = null)
    {
        // Without a message before it, the status is among the first fields.
        var fields = context.Response.HasStarted ? context.Features.Get<IHttpResponseTrailersFeature>()!.Trailers : context.Response.Headers;
        fields["grpc-status"] = status.ToString(CultureInfo.InvariantCulture);
        if (message is not null)
        {
            fields["grpc-message"] = message;
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        _asked.Enqueue(context.Request.Headers);
        if (context.Request.ContentType == "application/grpc-web+proto")
        {
            context.Response.ContentType = context.Request.ContentType;
            await context.Request.Body.CopyToAsync(context.Response.Body);
            await context.Response.Body.WriteAsync((byte[])[0x80, 0, 0, 0, 15, .. "grpc-status: 0\r"u8]);
            return;
        }

        context.Response.ContentType = "application/grpc";
        var body = context.Request.Body;
        switch (context.Request.Path.Value!.Split('/')[^1])
        {
            case "Unary":
                await SendAsync(context, await ReadAsync(body));
                End(context, 0);
                break;
            case "Server":
                var count = int.Parse(Encoding.ASCII.GetString((await ReadAsync(body))!), CultureInfo.InvariantCulture);
                for (var at = 0; at < count; at++)
                {
                    await SendAsync(context, Encoding.ASCII.GetBytes($"message {at}"));
                }

                End(context, 0);
                break;
            case "Client":
                var seen = 0;
                while (await ReadAsync(body) is not null)
                {
                    seen++;
                }

                await SendAsync(context, Encoding.ASCII.GetBytes($"{seen}"));
                End(context, 0);
                break;
            case "Bidi":
                await context.Response.Body.FlushAsync();
                while (await ReadAsync(body) is { } message)
                {
                    await SendAsync(context, message);
                }

                End(context, 0, "all said");
                break;
            case "Fail":
                End(context, 5, "not here");
                break;
            case "Hang":
                using (context.RequestAborted.Register(() => Cancelled.TrySetResult()))
                {
                    Hanging.TrySetResult();
                    await Cancelled.Task;
                }

                break;
            case "Check" when HasHealth:
                await CheckAsync(context);
                break;
            default:
                context.Response.StatusCode = FailsWith;
                if (FailsWith == 200)
                {
                    End(context, 12, "no such method");
                }

                break;
        }
    }

    private async Task CheckAsync(HttpContext context)
    {
        var request = (await ReadAsync(context.Request.Body))!;
        var service = request.Length == 0 ? "" : Encoding.UTF8.GetString(request.AsSpan(2));
        if (!States.TryGetValue(service, out var state))
        {
            End(context, 5);
            return;
        }

        await SendAsync(context, state == 0 ? default : (byte[])[0x08, (byte)state]);
        End(context, 0);
    }
}
