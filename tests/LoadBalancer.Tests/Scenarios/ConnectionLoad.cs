using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// Clients that connect without a pause, each on a thread of its own: connect, hear the endpoint's name, exchange a
/// message, close in order. A connection belongs to the phase in which it began.
/// </summary>
internal sealed class ConnectionLoad : IDisposable
{
    private readonly EndPoint _address;
    private readonly List<Thread> _workers;
    private readonly ConcurrentQueue<Failure> _failed = [];
    private readonly ConcurrentDictionary<(int Phase, char Name), int> _served = [];
    private volatile int _phase;
    private volatile bool _done;

    public ConnectionLoad(EndPoint address, int workers)
    {
        _address = address;
        _workers = [.. Enumerable.Range(0, workers).Select(_ => new Thread(Connect) { IsBackground = true })];
        _workers.ForEach(worker => worker.Start());
    }

    /// <summary>Begins the next phase: a connection that is under way belongs to the one before.</summary>
    public void NextPhase() => Interlocked.Increment(ref _phase);

    /// <summary>Waits until <paramref name="count"/> more connections of the present phase were served.</summary>
    public void AwaitMore(int count)
    {
        var phase = _phase;
        var target = Served(phase) + count;
        Assert.That(() => Served(phase), Is.GreaterThanOrEqualTo(target).After(2 * Loopback.TimeoutMs, 2), () => $"served, after these failed: {string.Join(", ", _failed.Take(10))}");
    }

    /// <summary>Ends it: what was served in each phase by each endpoint, and what failed.</summary>
    public (IReadOnlyDictionary<(int Phase, char Name), int> Served, IReadOnlyList<Failure> Failed) Stop()
    {
        _done = true;
        _workers.ForEach(worker => worker.Join());
        return (_served, [.. _failed]);
    }

    public void Dispose() => Stop();

    private int Served(int phase) => _served.Where(each => each.Key.Phase == phase).Sum(each => each.Value);

    private void Connect()
    {
        while (!_done)
        {
            var (phase, name) = (_phase, '?');
            try
            {
                using var socket = Loopback.Connect(_address);
                name = (char)Receive(socket, 1)[0];
                socket.Send("message"u8);
                if (!Receive(socket, 7).AsSpan().SequenceEqual("message"u8))
                {
                    throw new IOException("the message came back changed");
                }

                socket.Shutdown(SocketShutdown.Send);
                if (socket.ReceiveToEnd().Length > 0)
                {
                    throw new IOException("there is more than the message");
                }

                _served.AddOrUpdate((phase, name), 1, static (_, count) => count + 1);
            }
            catch (Exception error)
            {
                _failed.Enqueue(new Failure(phase, name, error.Message));
            }
        }
    }

    // Asserts nothing: an assertion that fails on any thread fails the test, and some of these may.
    private static byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = socket.Receive(bytes, at, count - at, SocketFlags.None);
            at += read > 0 ? read : throw new IOException($"the stream ended after {at} of {count} bytes");
        }

        return bytes;
    }

    /// <summary>A connection that was not served to its end.</summary>
    /// <param name="Phase">The phase in which it began.</param>
    /// <param name="Name">The endpoint that had it; <c>?</c> where none had said its name.</param>
    /// <param name="Error">What happened.</param>
    internal sealed record Failure(int Phase, char Name, string Error);
}
