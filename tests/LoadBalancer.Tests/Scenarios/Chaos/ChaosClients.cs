using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// Clients of every kind at once, each with a chance of its own from the seed. Every byte that comes is compared, and whose answer it is; a
/// call that does not end as it should is a <see cref="ChaosFailure"/>. None of them asks again by itself but <c>h2</c>, which is .NET's.
/// </summary>
internal sealed partial class ChaosClients : IDisposable
{
    /// <summary>What they do, as <see cref="Served"/> has it.</summary>
    public static readonly string[] Kinds = ["h1", "h1tls", "h2", "h2raw", "h2tls", "grpc", "ws", "ws2", "sse", "tcp"];

    /// <summary>The longest rest between two calls: it says how much of a core all of this takes.</summary>
    private const int MostRestMs = 80;

    private readonly ChaosFarm _farm;
    private readonly string _name;
    private readonly ConcurrentQueue<ChaosFailure> _failures = [];
    private readonly ConcurrentDictionary<string, ConcurrentBag<string>> _served = [];
    private readonly ManualResetEventSlim _pause = new();
    private readonly List<Thread> _threads = [];
    private readonly HttpClient _http2 = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private int _number;
    private volatile bool _done;

    /// <summary>Clients that have not begun.</summary>
    /// <param name="farm">Whom they call.</param>
    /// <param name="seed">What decides what they do.</param>
    /// <param name="name">What their requests' ids begin with.</param>
    public ChaosClients(ChaosFarm farm, int seed, string name)
    {
        (_farm, _name) = (farm, name);
        Action<Random>[] kinds =
        [
            chance => AskHttp1(chance, "h1", tls: false), chance => AskHttp1(chance, "h1", tls: false), chance => AskHttp1(chance, "h1", tls: false),
            chance => AskHttp1(chance, "h1tls", tls: true), AskHttp2,
            chance => AskRawHttp2(chance, "h2raw", tls: false), chance => AskRawHttp2(chance, "h2raw", tls: false), chance => AskRawHttp2(chance, "h2tls", tls: true),
            CallGrpc, TalkWebSocket, TalkWebSocketOverHttp2, HearEvents, TalkTcp, TalkTcp, Leave,
        ];
        _threads = [.. kinds.Select((kind, at) => new Thread(() => kind(new Random((seed * 100) + at))) { IsBackground = true })];
    }

    /// <summary>The ids of calls that ended as they should, by kind.</summary>
    public IReadOnlyDictionary<string, ConcurrentBag<string>> Served => _served;

    /// <summary>Calls that did not.</summary>
    public IReadOnlyList<ChaosFailure> Failures => [.. _failures];

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

    private void Failed(TimeSpan began, string key, string what, string seen, string? code = null, bool untaken = false) =>
        _failures.Enqueue(new ChaosFailure(began, _farm.Elapsed, key, what, seen, code, untaken));

    private void Rest(Random chance) => _pause.Wait(TimeSpan.FromMilliseconds(chance.Next(MostRestMs)));

    private static string Group(Random chance) => chance.Next(12) switch { 0 => "/now", 1 or 2 => "/safe", 3 or 4 => "/found", 5 or 6 => "/h2", _ => "/h1" };

    private static int Size(Random chance) => chance.Next(8) switch { 0 => 200_000 + chance.Next(200_000), 1 => 0, _ => chance.Next(5_000) };

    private static byte[] Body(int size)
    {
        var body = new byte[size];
        for (var at = 0; at < size; at++)
        {
            body[at] = ChaosEndpoint.At(at);
        }

        return body;
    }

    // Null where it is the body; what came may also be less of it, and nothing else.
    private static string? Misfit(ReadOnlySpan<byte> body, int size)
    {
        for (var at = 0; at < body.Length; at++)
        {
            if (body[at] != ChaosEndpoint.At(at))
            {
                return $"WRONG: byte {at} of {body.Length} is another";
            }
        }

        return body.Length > size ? $"WRONG: {body.Length} bytes, and not {size}" : body.Length < size ? $"cut short after {body.Length} of {size} bytes" : null;
    }

    /// <summary>What is wrong with an answer; null where nothing is. A body that is cut short without a word is wrong, where the protocol has a word for it.</summary>
    private static (string Seen, string? Code)? Judge(int status, string? echo, string id, ReadOnlySpan<byte> body, int size)
    {
        if (status != 200)
        {
            var code = status >= 400 && body.StartsWith("{"u8) ? JsonElement.Parse(body).GetProperty("code").GetString() : null;
            return ($"{status} {code ?? Encoding.Latin1.GetString(body[..Math.Min(200, body.Length)])}", code);
        }

        return echo != id ? ($"WRONG: the answer to {echo}", null)
            : Misfit(body, size) is { } misfit ? ($"{(misfit.StartsWith("WRONG", StringComparison.Ordinal) ? "" : "WRONG: ")}{misfit}", null)
            : null;
    }

    private static string Words(Exception error) => error.InnerException is { } inner ? $"{error.Message} ({Words(inner)})" : error.Message;

    // A handshake is never the client's failure: lb is there, before and after an upgrade.
    private static SslStream? Secured(Socket socket, bool tls, SslApplicationProtocol protocol)
    {
        if (!tls)
        {
            return null;
        }

        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, static (_, certificate, _, _) => certificate is not null);
        try
        {
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [protocol] });
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    // One that goes away at some moment: what it leaves behind must go too. Nobody asks what it saw.
    private void Leave(Random chance)
    {
        while (!_done)
        {
            try
            {
                using var socket = Loopback.Connect(chance.Next(5) switch { 0 => _farm.Tcp, 1 => _farm.Secure, _ => _farm.Web });
                var text = chance.Next(6) switch
                {
                    0 => "GET /h1/1000000 HTTP/1.1\r\nHost: test\r\n\r\n",
                    1 => "POST /h1/echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\nonly a part",
                    2 => "GET /h2/400000 HTTP/1.1\r\nHost: test\r\n\r\n",
                    3 => "GET /found/",
                    4 => "GET /safe/1000000 HTTP/1.1\r\nHost: test\r\n\r\n",
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
}
