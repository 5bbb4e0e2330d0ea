using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>
/// A small HTTP/1.1 server of a test on loopback: an issuer, a check service. The test says what it answers, as bytes, so that it may answer what no server
/// would. One answer for a connection unless that says otherwise by its length.
/// </summary>
internal sealed class LoopbackService : IAsyncDisposable
{
    private readonly Socket _listening = LoadBalancer.Tests.Loopback.Listen();
    private readonly Func<ServiceRequest, Task<byte[]>> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<ServiceRequest> _requests = new();
    private readonly Task _accepting;

    /// <summary>A service that answers at once.</summary>
    public LoopbackService(Func<ServiceRequest, byte[]> answer, X509Certificate2? certificate = null)
        : this(request => Task.FromResult(answer(request)), certificate)
    {
    }

    /// <summary>A service that may take its time.</summary>
    public LoopbackService(Func<ServiceRequest, Task<byte[]>> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it is.</summary>
    public string Address => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}";

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)_listening.LocalEndPoint!).Port;

    /// <summary>What it was asked so far.</summary>
    public IReadOnlyList<ServiceRequest> Requests => [.. _requests];

    /// <summary>A whole answer.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The content.</param>
    /// <param name="type">Its type.</param>
    /// <param name="fields">Further fields, each as a line.</param>
    public static byte[] Answer(int status, string body = "", string type = "application/json", params string[] fields) => Encoding.Latin1.GetBytes(
        $"HTTP/1.1 {status} Some\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body).ToString(CultureInfo.InvariantCulture)}\r\n{string.Concat(fields.Select(field => field + "\r\n"))}\r\n")
        .Concat(Encoding.UTF8.GetBytes(body)).ToArray();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listening.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listening.AcceptAsync(_end.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var network = new NetworkStream(socket, ownsSocket: true);
            await using var stream = await SecuredAsync(network);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            while (await ReadAsync(reader) is { } request)
            {
                _requests.Enqueue(request);
                await stream.WriteAsync(await _answer(request).WaitAsync(_end.Token), _end.Token);
                await stream.FlushAsync(_end.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException or ObjectDisposedException)
        {
            // The other side has gone, or the test is over.
        }
    }

    private async Task<Stream> SecuredAsync(NetworkStream network)
    {
        if (_certificate is null)
        {
            return network;
        }

        var tls = new SslStream(network);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _end.Token);
        return tls;
    }

    private async Task<ServiceRequest?> ReadAsync(StreamReader reader)
    {
        var line = await reader.ReadLineAsync(_end.Token);
        if (line is null)
        {
            return null;
        }

        var parts = line.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 } field)
        {
            var (name, value) = (field[..field.IndexOf(':')], field[(field.IndexOf(':') + 1)..].Trim());
            headers[name] = headers.TryGetValue(name, out var before) ? $"{before}, {value}" : value;
        }

        var body = new char[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        var read = body.Length == 0 ? 0 : await reader.ReadBlockAsync(body.AsMemory(), _end.Token);
        return new ServiceRequest(parts[0], parts[1], headers, new string(body, 0, read));
    }
}
