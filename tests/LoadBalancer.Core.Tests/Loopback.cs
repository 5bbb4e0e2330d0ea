using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests;

/// <summary>Plain blocking sockets on loopback, each with a bound on every wait, and what tests do with them.</summary>
internal static class Loopback
{
    /// <summary>The bound on every wait, in milliseconds: reached only by a test that fails.</summary>
    public const int TimeoutMs = 15_000;

    /// <summary>Between two questions whether something has come: whoever asks without a pause takes the core from what is to come.</summary>
    public static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);

    /// <summary>A listening socket on a port that the kernel chose.</summary>
    public static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(512);
        return socket;
    }

    /// <summary>A listening Unix socket.</summary>
    public static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(512);
        return socket;
    }

    /// <summary>A connection to <paramref name="address"/>, from an address of its own where one is given.</summary>
    public static Socket Connect(EndPoint address, IPAddress? from = null)
    {
        var unix = address is UnixDomainSocketEndPoint;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        socket.ReceiveTimeout = socket.SendTimeout = TimeoutMs;
        if (!unix)
        {
            socket.NoDelay = true;
        }

        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        socket.Connect(address);
        return socket;
    }

    /// <summary>An address on which nobody listens, nor will but who is given it: see <see cref="OwnPorts"/>.</summary>
    public static EndPoint Refusing() => new IPEndPoint(IPAddress.Loopback, OwnPorts.Next());

    /// <summary>Bytes that are easy to compare and never repeat with a buffer's length.</summary>
    public static byte[] Pattern(int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length; at++)
        {
            bytes[at] = (byte)((at * 31) ^ (at >> 8));
        }

        return bytes;
    }

    /// <summary>Exactly <paramref name="count"/> bytes.</summary>
    public static byte[] ReceiveExactly(this Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = socket.Receive(bytes, at, count - at, SocketFlags.None);
            Assert.That(read, Is.Positive, $"the stream ended after {at} of {count} bytes");
            at += read;
        }

        return bytes;
    }

    /// <summary>Everything up to the end of the stream.</summary>
    public static byte[] ReceiveToEnd(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = socket.Receive(buffer)) > 0;)
        {
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    /// <summary>Closes with RST.</summary>
    public static void Abort(this Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>The error that ends reading; a test fails where it ends in order.</summary>
    public static SocketError ReceiveError(this Socket socket)
    {
        var error = Assert.Throws<SocketException>(() => socket.ReceiveToEnd());
        return error!.SocketErrorCode;
    }
}
