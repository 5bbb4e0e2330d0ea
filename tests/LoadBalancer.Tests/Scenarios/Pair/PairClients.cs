using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>
/// Clients on a network, each with a connection that it keeps and a request every few milliseconds; of four one is a POST and
/// one a PUT, which has a body too and may be sent twice. A client that cannot connect tries again, as browsers and HTTP libraries do: such a
/// call is late, and not lost. One whose answer does not come, or is no 200, is lost.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class PairClients : IDisposable
{
    /// <summary>How long a client waits for a connection, and for an answer.</summary>
    private const int PatienceMs = 4000;

    private readonly IPEndPoint _address;
    private readonly List<Thread> _threads;
    private readonly ConcurrentQueue<Lost> _lost = [];
    private readonly ConcurrentQueue<TimeSpan> _late = [];
    private readonly ManualResetEventSlim _pause = new();
    private readonly int[] _ended;
    private int _served;
    private volatile bool _done;

    public PairClients(LocalNetwork network, IPEndPoint address, int count)
    {
        _address = address;
        _ended = new int[count];
        _threads = [.. Enumerable.Range(0, count).Select(client => network.Start(() => Call(client)))];
    }

    /// <summary>Calls that were answered.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>Waits until so many more were answered, and every call that is under way now has ended: one that is lost may take longer than all others together.</summary>
    public void AwaitMore(int count)
    {
        var target = Served + count;
        int[] before = [.. _ended];
        Assert.That(() => Served, Is.GreaterThanOrEqualTo(target).After(60_000, 5), () => $"answered; lost so far: {string.Join(", ", _lost)}");
        Assert.That(() => Enumerable.Range(0, before.Length).All(client => Volatile.Read(ref _ended[client]) > before[client]), Is.True.After(60_000, 5), "every client goes on");
    }

    /// <summary>What was seen since the last time, said in the test's output too: what was lost, and the longest that a call took that had to connect anew.</summary>
    public (IReadOnlyList<Lost> Lost, TimeSpan Latest) Report(string occasion)
    {
        Lost[] lost = [.. _lost];
        TimeSpan[] late = [.. _late];
        _lost.Clear();
        _late.Clear();
        var latest = late.Append(TimeSpan.Zero).Max();
        TestContext.Out.WriteLine($"{occasion}: {Served} calls served so far; lost by {_threads.Count} clients: {lost.Length}; waited for a connection: {late.Length}, {latest.TotalMilliseconds:0} ms at most; {string.Join<Lost>(", ", lost)}");
        return (lost, latest);
    }

    public void Dispose()
    {
        _done = true;
        _threads.ForEach(thread => thread.Join());
    }

    private void Call(int client)
    {
        HttpWire? wire = null;
        for (var number = client; !_done; number++)
        {
            var method = (number % 4) switch { 0 => "POST", 2 => "PUT", _ => "GET" };
            var waiting = TimeProvider.System.GetTimestamp();
            var wasRefused = false;
            while (wire is null && !_done)
            {
                wire = Connect();
                wasRefused |= wire is null;
            }

            if (_done)
            {
                break;
            }

            var began = TimeProvider.System.GetTimestamp();
            try
            {
                wire!.Send(method != "GET" ? $"{method} /p HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello" : "GET /g HTTP/1.1\r\nHost: test\r\n\r\n");
                var response = wire.ReadResponse();
                if (response.Status == 200)
                {
                    Interlocked.Increment(ref _served);
                }
                else
                {
                    _lost.Enqueue(new Lost(began, $"{method}: {response.Status} {response.Text.Trim()}"));
                }

                if (response["Connection"] == "close")
                {
                    wire.Dispose();
                    wire = null;
                }
            }
            catch (Exception error) when (error is SocketException or EndOfStreamException)
            {
                _lost.Enqueue(new Lost(began, $"{method}: {error.Message}"));
                wire!.Dispose();
                wire = null;
            }

            Interlocked.Increment(ref _ended[client]);
            if (wasRefused)
            {
                _late.Enqueue(TimeProvider.System.GetElapsedTime(waiting));
            }
        }

        wire?.Dispose();
    }

    // Null where there is no connection to be had at this moment.
    private HttpWire? Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = PatienceMs, SendTimeout = PatienceMs, Blocking = false };
        try
        {
            socket.Connect(_address);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Under way.
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }

        // A connect that is not answered is begun anew sooner than the kernel would, which waits for 1 s, then 2, then 4.
        if (socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectWrite) && socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is 0)
        {
            socket.Blocking = true;
            return new HttpWire(socket);
        }

        socket.Dispose();
        _pause.Wait(TimeSpan.FromMilliseconds(20));
        return null;
    }

    /// <summary>A call that was not answered as it should be.</summary>
    /// <param name="Began">When it was sent, as a timestamp.</param>
    /// <param name="What">What the client saw.</param>
    internal sealed record Lost(long Began, string What)
    {
        /// <inheritdoc/>
        public override string ToString() => What;
    }
}
