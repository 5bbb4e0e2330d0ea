using System.Net.Sockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>A connection of HTTP/1.1 with one request at a time.</summary>
internal sealed class Http1PairConnection(Socket socket) : IPairConnection
{
    private readonly HttpWire _wire = new(socket);

    /// <inheritdoc/>
    public string? Instance { get; private set; }

    /// <inheritdoc/>
    public string? Make(List<PairCall> calls)
    {
        var call = calls.Single();
        call.Send();
        _wire.Send(call.What == "GET" ? "GET /g HTTP/1.1\r\nHost: test\r\n\r\n" : $"{call.What} /p HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
        var response = _wire.ReadResponse();
        if (response.Status == 200)
        {
            Instance = response["X-Instance"];
            call.Serve();
        }
        else
        {
            call.Lose($"{response.Status} {response.Text.Trim()}");
        }

        return response["Connection"] == "close" ? "Connection: close" : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _wire.Dispose();
}
