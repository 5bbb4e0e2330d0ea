using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tests.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// An endpoint in a process of its own, on Kestrel: HTTP/1.1 with events and WebSockets on one port, HTTP/2 with calls of gRPC on the next, an
/// echo of TCP on the third, HTTP/1.1 in TLS on the fourth. A line on standard input tells it how to behave from then on, and the end of standard
/// input to end: <c>well</c>, <c>slow</c>, <c>stall</c>, <c>reset</c> or <c>lie</c>.
/// </summary>
internal static class ChaosEndpoint
{
    private static volatile string _mode = "well";
    private static int _count;

    /// <summary>Serves until the end of standard input.</summary>
    /// <param name="arguments">An address, four ports, and the files of a certificate and its key.</param>
    public static async Task RunAsync(string[] arguments)
    {
        var address = IPAddress.Parse(arguments[0]);
        var ports = arguments[1..5].Select(port => int.Parse(port, CultureInfo.InvariantCulture)).ToArray();
        using var certificate = X509Certificate2.CreateFromPemFile(arguments[5], arguments[6]);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(address, ports[0], listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(LieAsync);
            });
            kestrel.Listen(address, ports[1], listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(address, ports[2], listen => listen.Run(EchoAsync));
            kestrel.Listen(address, ports[3], listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(certificate);
            });
        });
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(ServeAsync);
        await app.StartAsync();
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } mode)
        {
            _mode = mode;
        }

        Environment.Exit(0);
    }

    /// <summary>The byte at a place of a body.</summary>
    public static byte At(int place) => (byte)('a' + (place % 26));

    private static async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path == "/healthz")
        {
            return;
        }

        var (mode, turn) = (_mode, Interlocked.Increment(ref _count));
        if (mode == "slow")
        {
            await Pause(100 + (turn % 7 * 50));
        }
        else if (mode == "reset" && turn % 3 == 0)
        {
            Reset(context);
            return;
        }

        context.Response.Headers["X-Echo"] = context.Request.Headers["X-Request-Id"];
        if (context.WebSockets.IsWebSocketRequest)
        {
            await TalkAsync(context);
        }
        else if (context.Request.ContentType == "application/grpc")
        {
            await CallAsync(context);
        }
        else if (path.EndsWith("/events", StringComparison.Ordinal))
        {
            context.Response.ContentType = "text/event-stream";
            for (var number = 0; number < 10; number++)
            {
                await context.Response.WriteAsync($"data: {number}\n\n");
                await context.Response.Body.FlushAsync();
                if (Breaks(context))
                {
                    return;
                }

                await Pause(20);
            }
        }
        else if (path.EndsWith("/echo", StringComparison.Ordinal))
        {
            context.Response.ContentLength = context.Request.ContentLength;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        }
        else
        {
            await SendAsync(context, path, lies: mode == "lie" && turn % 2 == 0);
        }
    }

    private static async Task TalkAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
        {
            if (Breaks(context))
            {
                return;
            }

            await StallAsync(context);
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    // Each message comes back, and the call is well.
    private static async Task CallAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        while (await GrpcEndpoint.ReadAsync(context.Request.Body) is { } message)
        {
            await context.Response.Body.WriteAsync(GrpcEndpoint.Frame(message));
            await context.Response.Body.FlushAsync();
            if (Breaks(context))
            {
                return;
            }

            await StallAsync(context);
        }

        context.Response.AppendTrailer("grpc-status", "0");
    }

    // As many bytes as the path says.
    private static async Task SendAsync(HttpContext context, string path, bool lies)
    {
        var size = int.Parse(path[(path.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture);

        // Odd ones are chunked. A lie announces more than comes; Kestrel then breaks the connection or the stream off.
        context.Response.ContentLength = lies ? size + 100 : size % 2 == 0 ? size : null;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var body = new byte[size];
        for (var place = 0; place < size; place++)
        {
            body[place] = At(place);
        }

        await context.Response.Body.WriteAsync(body.AsMemory(0, size / 2));
        await context.Response.Body.FlushAsync();
        if (Breaks(context))
        {
            return;
        }

        await StallAsync(context);
        await context.Response.Body.WriteAsync(body.AsMemory(size / 2));
    }

    // In the middle of a stream.
    private static bool Breaks(HttpContext context)
    {
        if (_mode != "reset" || Interlocked.Increment(ref _count) % 5 != 0)
        {
            return false;
        }

        Reset(context);
        return true;
    }

    // It has begun to answer, and says no more.
    private static async Task StallAsync(HttpContext context)
    {
        if (_mode == "stall" && Interlocked.Increment(ref _count) % 3 == 0)
        {
            while (_mode == "stall" && !context.RequestAborted.IsCancellationRequested)
            {
                await Pause(100);
            }
        }
        else if (_mode == "slow")
        {
            await Pause(50);
        }
    }

    // As a program that crashes: no FIN, a reset. All requests of a connection of HTTP/2 go with it.
    private static void Reset(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }

        context.Abort();
    }

    // What the next one on the connection would get, if what is behind the end of a response were believed.
    private const string Stolen = "HTTP/1.1 200 OK\r\nX-Echo: nobody\r\nContent-Length: 6\r\n\r\nstolen";

    // What Kestrel would never say: bytes behind the end of a response, or a second response, and what is no HTTP.
    private static async Task LieAsync(ConnectionContext connection, Func<Task> next)
    {
        if (_mode != "lie" || Interlocked.Increment(ref _count) % 2 == 0)
        {
            await next();
            return;
        }

        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            var text = Encoding.Latin1.GetString(read.Buffer.ToArray());
            if (text.Contains("\r\n\r\n", StringComparison.Ordinal) || read.IsCompleted)
            {
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                var path = text.Split(' ').ElementAtOrDefault(1) ?? "";
                var answer = path == "/healthz" ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    : text.StartsWith("GET", StringComparison.Ordinal) && int.TryParse(path[(path.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture, out var size)
                        ? $"HTTP/1.1 200 OK\r\nX-Echo: {Id(text)}\r\nContent-Length: {size}\r\n\r\n{string.Concat(Enumerable.Range(0, size).Select(place => (char)At(place)))}{(size % 3 == 0 ? "and more" : Stolen)}"
                    : "hello, this is no HTTP\r\n\r\n";
                await connection.Transport.Output.WriteAsync(Encoding.Latin1.GetBytes(answer));
                return;
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static string Id(string head) => head.Split("\r\n").FirstOrDefault(line => line.StartsWith("X-Request-Id: ", StringComparison.OrdinalIgnoreCase))?[14..] ?? "";

    private static async Task EchoAsync(ConnectionContext connection)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            if (_mode == "slow")
            {
                await Pause(100);
            }

            if (_mode == "reset" && Interlocked.Increment(ref _count) % 3 == 0)
            {
                connection.Abort();
                return;
            }

            foreach (var piece in read.Buffer)
            {
                await connection.Transport.Output.WriteAsync(piece);
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static Task Pause(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
}
