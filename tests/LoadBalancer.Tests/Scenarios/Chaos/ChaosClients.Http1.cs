using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>Those of HTTP/1.1, and of bytes.</summary>
internal sealed partial class ChaosClients
{
    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void AskHttp1(Random chance, string name, bool tls)
    {
        HttpWire? wire = null;
        var uses = 0;
        while (!_done)
        {
            var id = NextId(name);
            var (kind, size) = (chance.Next(6), Size(chance));
            var closes = chance.Next(20) == 0;
            var line = kind switch { 0 => "HEAD", 1 => "POST", 2 => "PUT", _ => "GET" };
            var target = $"{Group(chance)}/{(kind is 1 or 2 ? "echo" : size)}";
            var what = $"{line} {target} {(kind is 1 or 2 ? size : "")}";
            var began = _farm.Elapsed;
            try
            {
                uses = wire is null ? 1 : uses + 1;
                wire ??= Open(tls);
                var fields = $"Host: test\r\nX-Request-Id: {id}\r\n{(closes ? "Connection: close\r\n" : "")}";
                try
                {
                    SendHttp1(wire, chance, line, target, fields, kind, size);
                }
                catch (Exception error) when (error is SocketException or IOException)
                {
                    // The answer may be there before the whole request was sent.
                }

                var answer = wire.ReadResponse(toHead: kind == 0);
                if (Judge(answer.Status, answer["X-Echo"], id, kind == 0 && answer.Status == 200 ? Body(size) : answer.Body, size) is { } wrong)
                {
                    Failed(began, id, what, wrong.Seen, wrong.Code);
                }
                else
                {
                    Ended(name, id);
                }

                if (answer["Connection"] == "close")
                {
                    wire.Dispose();
                    wire = null;
                }
            }
            catch (Exception error)
            {
                // A connection that was kept may be closed in the moment in which it is used again (RFC 9112 section 9.5).
                var untaken = uses > 1 && (error is SocketException or IOException && !error.Message.Contains("after: H", StringComparison.Ordinal));
                Failed(began, id, what, $"{(uses > 1 ? $"(request {uses} of the connection) " : "")}{Words(error)}", untaken: untaken);
                wire?.Dispose();
                wire = null;
            }

            Rest(chance);
        }

        wire?.Dispose();
    }

    private HttpWire Open(bool tls)
    {
        var socket = Loopback.Connect(tls ? _farm.Secure : _farm.Web);
        return new HttpWire(socket, Secured(socket, tls, SslApplicationProtocol.Http11));
    }

    private void SendHttp1(HttpWire wire, Random chance, string method, string target, string fields, int kind, int size)
    {
        if (kind is not (1 or 2))
        {
            wire.Send($"{method} {target} HTTP/1.1\r\n{fields}\r\n");
            return;
        }

        var body = Body(size);
        var isChunked = chance.Next(2) == 0;
        wire.Send($"{method} {target} HTTP/1.1\r\n{fields}{(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {size}")}\r\n\r\n");
        for (var at = 0; at < size;)
        {
            var piece = Math.Min(size - at, 1 + chance.Next(60_000));
            if (isChunked)
            {
                wire.Send(piece.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
            }

            wire.Send(body.AsSpan(at, piece));
            at += piece;
            if (isChunked)
            {
                wire.Send("\r\n");
            }

            if (chance.Next(4) == 0)
            {
                _pause.Wait(TimeSpan.FromMilliseconds(chance.Next(20)));
            }
        }

        if (isChunked)
        {
            wire.Send("0\r\n\r\n");
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void HearEvents(Random chance)
    {
        var expected = string.Concat(Enumerable.Range(0, 10).Select(number => $"data: {number}\n\n"));
        while (!_done)
        {
            var id = NextId("sse");
            var began = _farm.Elapsed;
            try
            {
                using var wire = Open(tls: false);
                var answer = wire.Get("/h1/events", $"X-Request-Id: {id}\r\n").ReadResponse();
                if (answer.Status == 200 && answer.Text != expected)
                {
                    Failed(began, id, "events", $"WRONG: {answer.Text}");
                }
                else if (answer.Status != 200)
                {
                    Failed(began, id, "events", answer.FirstLine, Judge(answer.Status, null, id, answer.Body, 0)?.Code);
                }
                else
                {
                    Ended("sse", id);
                }
            }
            catch (Exception error)
            {
                Failed(began, id, "events", Words(error));
            }

            Rest(chance);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void TalkTcp(Random chance)
    {
        while (!_done)
        {
            var key = "";
            var size = Size(chance);
            var began = _farm.Elapsed;
            try
            {
                using var socket = Loopback.Connect(_farm.Tcp);
                key = $"{socket.LocalEndPoint}";
                var sent = Body(size);
                var sending = new Thread(() =>
                {
                    try
                    {
                        for (var at = 0; at < size;)
                        {
                            at += socket.Send(sent, at, size - at, SocketFlags.None);
                        }

                        socket.Shutdown(SocketShutdown.Send);
                    }
                    catch (Exception error) when (error is SocketException or ObjectDisposedException)
                    {
                        // Reading says it too.
                    }
                });
                sending.Start();
                try
                {
                    if (Misfit(socket.ReceiveToEnd(), size) is { } misfit)
                    {
                        Failed(began, key, $"echo of {size}", misfit);
                    }
                    else
                    {
                        Ended("tcp", key);
                    }
                }
                finally
                {
                    if (!_done)
                    {
                        Rest(chance);
                    }

                    socket.Dispose();
                    sending.Join();
                }
            }
            catch (Exception error)
            {
                Failed(began, key, $"echo of {size}", Words(error));
            }
        }
    }
}
