using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// Clients of every kind at once, each with a chance of its own from the seed. Every byte that comes is compared, and whose answer it is; a
/// call that does not end as it should is a <see cref="ChaosFailure"/>.
/// </summary>
internal sealed class ChaosClients : IDisposable
{
    private readonly EndPoint _web;
    private readonly EndPoint _tcp;
    private readonly string _name;
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly ConcurrentQueue<ChaosFailure> _failures = [];
    private readonly ConcurrentDictionary<string, ConcurrentBag<string>> _served = [];
    private readonly ManualResetEventSlim _pause = new();
    private readonly List<Thread> _threads = [];
    private readonly HttpClient _http2 = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private int _number;
    private volatile bool _done;

    /// <summary>Clients that have not begun.</summary>
    /// <param name="web">Where HTTP is accepted.</param>
    /// <param name="tcp">Where TCP is.</param>
    /// <param name="seed">What decides what they do.</param>
    /// <param name="name">What their requests' ids begin with.</param>
    public ChaosClients(EndPoint web, EndPoint tcp, int seed, string name)
    {
        (_web, _tcp, _name) = (web, tcp, name);
        Action<Random>[] kinds = [AskHttp1, AskHttp1, AskHttp1, AskHttp1, AskHttp2, AskHttp2, AskHttp2, AskHttp2, TalkWebSocket, HearEvents, TalkTcp, TalkTcp, Leave];
        _threads = [.. kinds.Select((kind, at) => new Thread(() => kind(new Random((seed * 100) + at))) { IsBackground = true })];
    }

    /// <summary>The ids of calls that ended as they should, by kind.</summary>
    public IReadOnlyDictionary<string, ConcurrentBag<string>> Served => _served;

    /// <summary>Calls that did not.</summary>
    public IReadOnlyList<ChaosFailure> Failures => [.. _failures];

    /// <summary>Since when it has been going on.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_began);

    /// <summary>Begins.</summary>
    public void Start() => _threads.ForEach(thread => thread.Start());

    /// <summary>Ends it when each has had its last answer.</summary>
    public void Stop()
    {
        _done = true;
        _threads.ForEach(thread => thread.Join());
    }

    public void Dispose()
    {
        Stop();
        _http2.Dispose();
    }

    private string NextId(string kind) => $"{_name}-{kind}-{Interlocked.Increment(ref _number)}";

    private void Ended(string kind, string id) => _served.GetOrAdd(kind, static _ => []).Add(id);

    private void Failed(string key, string what, string seen, string? code = null) => _failures.Enqueue(new ChaosFailure(Elapsed, key, what, seen, code));

    private static string Group(Random chance) => chance.Next(4) switch { 0 => "/h2", 1 => "/found", _ => "/h1" };

    private static int Size(Random chance) => chance.Next(6) switch { 0 => 200_000 + chance.Next(200_000), 1 => 0, _ => chance.Next(5_000) };

    private static byte[] Body(int size) => [.. Enumerable.Range(0, size).Select(ChaosEndpoint.At)];

    private static bool IsBody(ReadOnlySpan<byte> body, int size)
    {
        for (var at = 0; at < body.Length; at++)
        {
            if (body[at] != ChaosEndpoint.At(at))
            {
                return false;
            }
        }

        return body.Length == size;
    }

    /// <summary>What is wrong with an answer; null where nothing is.</summary>
    private static (string Seen, string? Code)? Judge(int status, string? echo, string id, ReadOnlySpan<byte> body, int size)
    {
        if (status != 200)
        {
            var code = status >= 400 && body.StartsWith("{"u8) ? JsonElement.Parse(body).GetProperty("code").GetString() : null;
            return ($"{status} {code ?? Encoding.Latin1.GetString(body[..Math.Min(200, body.Length)])}", code);
        }

        return echo != id ? ($"WRONG: the answer to {echo}", null) : IsBody(body, size) ? null : ($"WRONG: a body of {body.Length} bytes that is not the {size} expected", null);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void AskHttp1(Random chance)
    {
        HttpWire? wire = null;
        var uses = 0;
        while (!_done)
        {
            var id = NextId("h1");
            var (kind, size) = (chance.Next(6), Size(chance));
            var closes = chance.Next(20) == 0;
            var line = kind switch { 0 => "HEAD", 1 => "POST", 2 => "PUT", _ => "GET" };
            var target = $"{Group(chance)}/{(kind is 1 or 2 ? "echo" : size)}";
            var what = $"{line} {target} {(kind is 1 or 2 ? size : "")}";
            try
            {
                uses = wire is null ? 1 : uses + 1;
                wire ??= new HttpWire(Loopback.Connect(_web));
                var fields = $"Host: test\r\nX-Request-Id: {id}\r\n{(closes ? "Connection: close\r\n" : "")}";
                try
                {
                    SendHttp1(wire, chance, line, target, fields, kind, size);
                }
                catch (SocketException)
                {
                    // The answer may be there before the whole request was sent.
                }

                var answer = wire.ReadResponse(toHead: kind == 0);
                if (Judge(answer.Status, answer["X-Echo"], id, kind == 0 && answer.Status == 200 ? Body(size) : answer.Body, size) is { } wrong)
                {
                    Failed(id, what, wrong.Seen, wrong.Code);
                }
                else
                {
                    Ended("h1", id);
                }

                if (answer["Connection"] == "close")
                {
                    wire.Dispose();
                    wire = null;
                }
            }
            catch (Exception error)
            {
                Failed(id, what, $"{(uses > 1 ? $"(request {uses} of the connection) " : "")}{error.Message}");
                wire?.Dispose();
                wire = null;
            }

            Rest(chance);
        }

        wire?.Dispose();
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
    private void AskHttp2(Random chance)
    {
        while (!_done)
        {
            var id = NextId("h2");
            var (posts, size) = (chance.Next(3) == 0, Size(chance));
            var target = $"{Group(chance)}/{(posts ? "echo" : size)}";
            var what = $"{(posts ? $"POST {size}" : "GET")} {target}";
            try
            {
                using var request = new HttpRequestMessage(posts ? HttpMethod.Post : HttpMethod.Get, new Uri($"http://{_web}{target}")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                request.Headers.Add("X-Request-Id", id);
                request.Content = posts ? new ByteArrayContent(Body(size)) : null;
                using var response = _http2.SendAsync(request).GetAwaiter().GetResult();
                var body = response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
                if (Judge((int)response.StatusCode, response.Headers.TryGetValues("X-Echo", out var echo) ? echo.Single() : null, id, body, size) is { } wrong)
                {
                    Failed(id, what, wrong.Seen, wrong.Code);
                }
                else
                {
                    Ended("h2", id);
                }
            }
            catch (Exception error)
            {
                Failed(id, what, Words(error));
            }

            Rest(chance);
        }
    }

    private static string Words(Exception error) => error.InnerException is { } inner ? $"{error.Message} ({Words(inner)})" : error.Message;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void TalkWebSocket(Random chance)
    {
        while (!_done)
        {
            var id = NextId("ws");
            using var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("X-Request-Id", id);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                socket.ConnectAsync(new Uri($"ws://{_web}/h1/ws"), patience.Token).GetAwaiter().GetResult();
                var buffer = new byte[4096];
                for (var message = 0; message < 5; message++)
                {
                    var sent = Body(1 + chance.Next(2000));
                    socket.SendAsync(sent, WebSocketMessageType.Binary, true, patience.Token).GetAwaiter().GetResult();
                    var count = 0;
                    while (count < sent.Length)
                    {
                        var received = socket.ReceiveAsync(buffer.AsMemory(count), patience.Token).AsTask().GetAwaiter().GetResult();
                        count += received.Count;
                        if (received.MessageType == WebSocketMessageType.Close)
                        {
                            throw new WebSocketException($"closed: {socket.CloseStatus}");
                        }
                    }

                    if (!buffer.AsSpan(0, count).SequenceEqual(sent))
                    {
                        throw new WebSocketException("WRONG: another message came back");
                    }

                    Rest(chance);
                }

                socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).GetAwaiter().GetResult();
                Ended("ws", id);
            }
            catch (Exception error)
            {
                Failed(id, "WebSocket", Words(error));
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void HearEvents(Random chance)
    {
        var expected = string.Concat(Enumerable.Range(0, 10).Select(number => $"data: {number}\n\n"));
        while (!_done)
        {
            var id = NextId("sse");
            try
            {
                using var wire = new HttpWire(Loopback.Connect(_web));
                var answer = wire.Get("/h1/events", $"X-Request-Id: {id}\r\n").ReadResponse();
                if (answer.Status == 200 && answer.Text != expected)
                {
                    Failed(id, "events", $"WRONG: {answer.Text}");
                }
                else if (answer.Status != 200)
                {
                    Failed(id, "events", answer.FirstLine, Judge(answer.Status, null, id, answer.Body, 0)?.Code);
                }
                else
                {
                    Ended("sse", id);
                }
            }
            catch (Exception error)
            {
                Failed(id, "events", error.Message);
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
            try
            {
                using var socket = Loopback.Connect(_tcp);
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
                    if (IsBody(socket.ReceiveToEnd(), size))
                    {
                        Ended("tcp", key);
                    }
                    else
                    {
                        Failed(key, $"echo of {size}", "cut short, or other bytes");
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
                Failed(key, $"echo of {size}", error.Message);
            }
        }
    }

    // One that goes away at some moment: what it leaves behind must go too. Nobody asks what it saw.
    private void Leave(Random chance)
    {
        while (!_done)
        {
            try
            {
                using var socket = Loopback.Connect(chance.Next(4) == 0 ? _tcp : _web);
                var text = chance.Next(5) switch
                {
                    0 => "GET /h1/1000000 HTTP/1.1\r\nHost: test\r\n\r\n",
                    1 => "POST /h1/echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\nonly a part",
                    2 => "GET /h2/400000 HTTP/1.1\r\nHost: test\r\n\r\n",
                    3 => "GET /found/",
                    _ => "GET /h1/events HTTP/1.1\r\nHost: test\r\n\r\n",
                };
                socket.Send(Encoding.ASCII.GetBytes(text));
                if (chance.Next(2) == 0)
                {
                    _pause.Wait(TimeSpan.FromMilliseconds(chance.Next(30)));
                }

                if (chance.Next(3) == 0)
                {
                    socket.Abort();
                }
            }
            catch (SocketException)
            {
                // So be it.
            }

            Rest(chance);
        }
    }

    private void Rest(Random chance) => _pause.Wait(TimeSpan.FromMilliseconds(chance.Next(15)));
}
