using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// An endpoint of a test: says its one-letter name to whoever connects, echoes what it gets, and closes after the
/// client's end. Threads of its own, blocking sockets.
/// </summary>
internal sealed class EchoEndpoint : IDisposable
{
    private readonly Socket _listener;
    private readonly byte _name;
    private readonly List<Socket> _open = [];
    private int _served;

    public EchoEndpoint(char name, EndPoint? address = null)
    {
        _name = (byte)name;
        if (address is null)
        {
            _listener = Loopback.Listen();
        }
        else
        {
            _listener = new Socket(address.AddressFamily, SocketType.Stream, address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
            _listener.Bind(address);
            _listener.Listen(512);
        }

        Address = _listener.LocalEndPoint!;
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public EndPoint Address { get; }

    /// <summary>Connections served so far; probes close before they are.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>Connections open now.</summary>
    public int Open
    {
        get
        {
            lock (_open)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Dies as by kill -9: nothing listens any more, and every connection is reset.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        lock (_open)
        {
            _open.ForEach(socket => socket.Abort());
        }
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                new Thread(() => Serve(socket), maxStackSize: 256 * 1024) { IsBackground = true }.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private void Serve(Socket socket)
    {
        lock (_open)
        {
            _open.Add(socket);
        }

        try
        {
            if (Address is IPEndPoint)
            {
                socket.NoDelay = true;
            }

            socket.Send([_name]);
            Interlocked.Increment(ref _served);
            var buffer = new byte[16 * 1024];
            for (int count; (count = socket.Receive(buffer)) > 0;)
            {
                socket.Send(buffer, 0, count, SocketFlags.None);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer has reset it, or this has died.
        }
        finally
        {
            // Under the lock, so that dying does not meet a socket that is disposed of.
            lock (_open)
            {
                _open.Remove(socket);
                socket.Dispose();
            }
        }
    }
}
