using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests;

/// <summary>An address that answers no connect: its listener accepts nothing, and its queue is full.</summary>
internal sealed class FullBacklog : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _waiting = [];

    public FullBacklog()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        for (var number = 0; number < 16; number++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _waiting.Add(socket);
            try
            {
                socket.Connect(Address);
            }
            catch (SocketException)
            {
                // In progress: what is wanted.
            }

            if (!socket.Poll(200_000, SelectMode.SelectWrite))
            {
                return;
            }
        }

        throw new InvalidOperationException("the queue does not fill");
    }

    public EndPoint Address => _listener.LocalEndPoint!;

    public void Dispose()
    {
        _waiting.ForEach(socket => socket.Dispose());
        _listener.Dispose();
    }
}
