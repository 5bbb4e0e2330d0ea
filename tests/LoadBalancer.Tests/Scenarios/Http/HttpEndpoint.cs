using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// An endpoint that a test scripts: each connection is given to the script, which may misbehave in any way. It remembers what it was asked.
/// Threads of its own, which end before it does.
/// </summary>
internal sealed class HttpEndpoint : IDisposable
{
    private readonly Socket _listener;
    private readonly Action<HttpWire, HttpMessage> _answer;
    private readonly ConcurrentDictionary<Socket, Thread> _open = new();
    private readonly ConcurrentQueue<HttpMessage> _requests = new();
    private readonly Thread _accepting;
    private volatile Exception? _broken;
    private int _connections;

    /// <summary>An endpoint that answers each request by <paramref name="answer"/>, and closes a connection for which that throws.</summary>
    public HttpEndpoint(Action<HttpWire, HttpMessage> answer, EndPoint? address = null)
    {
        _answer = answer;
        _listener = address is null ? Loopback.Listen() : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address is not null)
        {
            _listener.Bind(address);
            _listener.Listen(512);
        }

        Address = _listener.LocalEndPoint!;
        _accepting = new Thread(Accept) { IsBackground = true };
        _accepting.Start();
    }

    /// <summary>An endpoint that answers every request with the same body.</summary>
    public HttpEndpoint(string body)
        : this((wire, _) => wire.Respond(body))
    {
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address { get; }

    /// <summary>False where <see cref="Requests"/> is not wanted, which would hold many.</summary>
    public bool Remembers { get; init; } = true;

    /// <summary>What it was asked, in the order of the heads' ends.</summary>
    public IReadOnlyList<HttpMessage> Requests => [.. _requests];

    /// <summary>Connections that it has accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that are open.</summary>
    public int Open => _open.Count;

    /// <summary>Dies as by kill -9: nothing listens any more, and every connection is reset.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _accepting.Join();
        foreach (var (socket, thread) in _open)
        {
            try
            {
                socket.Abort();
            }
            catch (ObjectDisposedException)
            {
                // Its thread was faster: the peer has closed it.
            }

            thread.Join();
        }

        Assert.That(_broken, Is.Null, "the script of an endpoint is broken");
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                socket.NoDelay = true;
                Interlocked.Increment(ref _connections);
                var thread = new Thread(() => Serve(socket), maxStackSize: 512 * 1024) { IsBackground = true };
                _open[socket] = thread;
                thread.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var wire = new HttpWire(socket);
            while (wire.ReadRequest() is { } request)
            {
                if (Remembers)
                {
                    _requests.Enqueue(request);
                }

                _answer(wire, request);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or EndOfStreamException or OperationCanceledException)
        {
            // The peer is gone, this has died, or the script is done with the connection.
        }
        catch (Exception error)
        {
            // On a thread of its own it would end the process, and nobody would know which test it was.
            _broken = error;
        }
        finally
        {
            socket.Dispose();
            _open.TryRemove(socket, out _);
        }
    }
}
