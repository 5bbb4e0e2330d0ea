using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>
/// An issuer of tokens that exists for a test: it signs them with its keys, and publishes those as a JWK set on loopback once somebody asks for its
/// <see cref="Url"/>. Thread-safe where its properties are not set meanwhile.
/// </summary>
internal sealed class TestIssuer : IDisposable
{
    /// <summary>Whom its tokens are for where nobody says otherwise.</summary>
    public const string Audience = "api";

    private readonly CancellationTokenSource _end = new();
    private readonly Lazy<TcpListener> _listener;
    private int _fetches;

    /// <summary>An issuer with one RSA key, <c>key-1</c>.</summary>
    /// <param name="time">The clock of its tokens; null for the machine's.</param>
    public TestIssuer(TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        _listener = new Lazy<TcpListener>(Listen);
    }

    /// <summary>The clock of its tokens.</summary>
    public TimeProvider Time { get; }

    /// <summary>What its tokens say of who made them.</summary>
    public string Name { get; init; } = "https://issuer.example.com";

    /// <summary>The keys that are published; the first signs.</summary>
    public List<TestKey> Keys { get; } = [TestKey.Rsa("key-1")];

    /// <summary>What is published in place of a JWK set with <see cref="Keys"/>.</summary>
    public string? Published { get; set; }

    /// <summary>The status line's rest, such as <c>503 Gone Fishing</c>.</summary>
    public string Status { get; set; } = "200 OK";

    /// <summary>Further fields of the answer, each with CR LF behind it.</summary>
    public string Fields { get; set; } = "";

    /// <summary>What an answer waits for.</summary>
    public Task Pause { get; set; } = Task.CompletedTask;

    /// <summary>How often the keys were fetched.</summary>
    public int Fetches => Volatile.Read(ref _fetches);

    /// <summary>Where the keys are.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.Value.LocalEndpoint).Port}/jwks.json";

    /// <summary>The JWK set of <see cref="Keys"/>.</summary>
    public string Jwks => $$"""{"keys":[{{string.Join(',', Keys.Select(key => key.Jwk()))}}]}""";

    /// <summary>The claims of a good token for <paramref name="subject"/>, with further ones, as JSON.</summary>
    public string Claims(string subject = "anna", string more = "") =>
        $$"""{"iss":"{{Name}}","aud":"{{Audience}}","sub":"{{subject}}","exp":{{Seconds(TimeSpan.FromMinutes(10))}}{{(more.Length > 0 ? "," + more : "")}}}""";

    /// <summary>A time from now, as claims have it.</summary>
    public string Seconds(TimeSpan from) => (Time.GetUtcNow() + from).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    /// <summary>A good token for <paramref name="subject"/>.</summary>
    /// <param name="subject">Whom it is about.</param>
    /// <param name="more">Further claims, as JSON: <c>"roles":["a"]</c>.</param>
    /// <param name="key">Who signs; null for the first key.</param>
    public string Token(string subject = "anna", string more = "", TestKey? key = null) => Sign(Claims(subject, more), key);

    /// <summary>A token of these claims, whatever they are.</summary>
    /// <param name="claims">The payload.</param>
    /// <param name="key">Who signs; null for the first key.</param>
    /// <param name="header">The header; null for the usual one.</param>
    /// <param name="by">The algorithm that the signature is made with; null for the key's.</param>
    public string Sign(string claims, TestKey? key = null, string? header = null, string? by = null)
    {
        key ??= Keys[0];
        header ??= $$"""{"alg":"{{by ?? key.Algorithm}}","typ":"JWT","kid":{{JsonSerializer.Serialize(key.Id)}}}""";
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signed), by))}";
    }

    /// <summary>A part of a token.</summary>
    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        if (_listener.IsValueCreated)
        {
            _listener.Value.Dispose();
        }

        _end.Dispose();
    }

    private TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = AcceptAsync(listener);
        return listener;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await listener.AcceptSocketAsync(_end.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var request = new byte[4096];
                var length = 0;
                while (!request.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                {
                    var count = await socket.ReceiveAsync(request.AsMemory(length), _end.Token);
                    if (count == 0)
                    {
                        return;
                    }

                    length += count;
                }

                Interlocked.Increment(ref _fetches);
                await Pause.WaitAsync(_end.Token);
                var body = Published ?? Jwks;
                await socket.SendAsync(
                    Encoding.UTF8.GetBytes(
                        $"HTTP/1.1 {Status}\r\nContent-Type: application/jwk-set+json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{Fields}Connection: close\r\n\r\n{body}"),
                    _end.Token);
                socket.Shutdown(SocketShutdown.Send);
                await socket.ReceiveAsync(request, _end.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The one who asked has gone.
            }
        }
    }
}
