using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// An endpoint that speaks HTTP/2 frame by frame, as a test scripts it: each connection is given to the script, which may break any rule.
/// Threads of its own, which end before it does.
/// </summary>
internal sealed class Http2Endpoint : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly Action<Http2Wire> _serve;
    private readonly (SettingId, int)[] _settings;
    private readonly ConcurrentDictionary<Socket, Thread> _open = new();
    private readonly Thread _accepting;
    private volatile Exception? _broken;
    private int _connections;

    /// <summary>An endpoint that gives each connection to <paramref name="serve"/>, and closes it afterwards.</summary>
    public Http2Endpoint(Action<Http2Wire> serve, params (SettingId Id, int Value)[] settings)
    {
        (_serve, _settings) = (serve, settings);
        _accepting = new Thread(Accept) { IsBackground = true };
        _accepting.Start();
    }

    /// <summary>An endpoint that answers each request by <paramref name="answer"/>, which gets its stream and its fields.</summary>
    public Http2Endpoint(Action<Http2Wire, int, IReadOnlyList<string>> answer, params (SettingId Id, int Value)[] settings)
        : this(
            wire =>
            {
                while (wire.ReadRequest() is var (stream, fields))
                {
                    answer(wire, stream, fields);
                }
            },
            settings)
    {
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>Connections that it has accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that are open.</summary>
    public int Open => _open.Count;

    /// <summary>A gateway on one loop that leads everything here.</summary>
    /// <param name="keys">Further keys of the upstream, each with a comma in front.</param>
    /// <param name="http">Further keys of <c>http</c>, each with a comma in front.</param>
    /// <param name="protocol">The upstream's protocol.</param>
    public Task<BareGateway> GatewayAsync(string keys = "", string http = "", string protocol = "http2") =>
        BareGateway.StartAsync($"{{upstream: up{http}}}", $"{{up: {{endpoints: \"{Address}\", protocol: {protocol}{keys}}}}}", loops: 1);

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
                // It has just ended by itself.
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
                socket.ReceiveTimeout = socket.SendTimeout = Loopback.TimeoutMs;
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
            using var wire = Http2Wire.OfEndpoint(socket, _settings);
            _serve(wire);
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
