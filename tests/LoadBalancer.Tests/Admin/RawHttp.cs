using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>HTTP byte by byte, so that a test can send what a client library would not.</summary>
internal static class RawHttp
{
    private const int PatienceMs = 10_000;

    /// <summary>Sends <paramref name="request"/> and reads until the server closes.</summary>
    public static string Exchange(EndPoint server, string request)
    {
        using var socket = Connect(server);
        socket.Send(Encoding.ASCII.GetBytes(request));
        return ReadToEnd(socket);
    }

    /// <summary>The answer to one request of <paramref name="method"/> and <paramref name="path"/> with these further header lines.</summary>
    public static string Get(EndPoint server, string path, string method = "GET", string headers = "Host: localhost\r\n") =>
        Exchange(server, $"{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");

    /// <summary>A connected socket, closed by the caller.</summary>
    public static Socket Connect(EndPoint server)
    {
        var socket = server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.ReceiveTimeout = PatienceMs;
        socket.Connect(server);
        return socket;
    }

    /// <summary>Everything up to the end of the stream; a reset ends it too.</summary>
    public static string ReadToEnd(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) is > 0 and var read)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The answer came before it.
        }

        return text.ToString();
    }

    /// <summary>The body of an answer.</summary>
    public static string Body(string answer) => answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
