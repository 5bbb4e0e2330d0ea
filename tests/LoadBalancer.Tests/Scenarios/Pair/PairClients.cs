using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>
/// Clients on a network, each with a connection that it keeps, on which it calls without a pause. A client that cannot connect tries again, as
/// browsers and HTTP libraries do: such a call is late, and not lost; and what the other side has said that it does not serve is called again.
/// A call whose answer does not come, or is not what it should be, is lost.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class PairClients : IDisposable
{
    /// <summary>How long a client waits for a connection, and for an answer.</summary>
    private const int PatienceMs = 4000;

    private readonly IPEndPoint _address;
    private readonly PairProtocol[] _protocols;
    private readonly List<Thread> _threads;
    private readonly ConcurrentQueue<PairReport.Lost> _lost = [];
    private readonly ConcurrentQueue<TimeSpan> _late = [];
    private readonly ConcurrentQueue<PairReport.Goodbye> _goodbyes = [];
    private readonly ManualResetEventSlim _pause = new();
    private readonly int[] _ended;
    private readonly int[] _served;
    private volatile bool _done;

    /// <summary>Clients that begin at once.</summary>
    /// <param name="network">Where they are.</param>
    /// <param name="address">Whom they call.</param>
    /// <param name="protocols">What they speak.</param>
    public PairClients(LocalNetwork network, IPEndPoint address, params PairProtocol[] protocols)
    {
        (_address, _protocols) = (address, protocols);
        PairProtocol[] clients = [.. protocols.SelectMany(protocol => Enumerable.Repeat(protocol, protocol.Clients))];
        _ended = new int[clients.Length];
        _served = new int[clients.Length];
        AtOnce = clients.Sum(protocol => protocol.AtOnce);
        _threads = [.. clients.Select((protocol, client) => network.Start(() => Call(client, protocol)))];
    }

    /// <summary>How many calls may be under way at a moment.</summary>
    public int AtOnce { get; }

    /// <summary>Waits until so many more were answered, and every call that is under way now has ended: one that is lost may take longer than all others together.</summary>
    public void AwaitMore(int count)
    {
        var target = _served.Sum() + count;
        int[] before = [.. _ended];
        Assert.That(() => _served.Sum(), Is.GreaterThanOrEqualTo(target).After(60_000, 5), () => $"answered; lost so far: {string.Join(", ", _lost)}");
        Assert.That(() => Enumerable.Range(0, before.Length).All(client => Volatile.Read(ref _ended[client]) > before[client]), Is.True.After(60_000, 5), "every client goes on");
    }

    /// <summary>What was seen since the last time, said in the test's output too.</summary>
    public PairReport Report(string occasion)
    {
        PairReport.Lost[] lost = [.. _lost];
        TimeSpan[] late = [.. _late];
        PairReport.Goodbye[] goodbyes = [.. _goodbyes];
        _lost.Clear();
        _late.Clear();
        _goodbyes.Clear();
        var report = new PairReport(lost, late.Append(TimeSpan.Zero).Max(), goodbyes);
        TestContext.Out.WriteLine($"{occasion}, at {_address}: waited for a connection or a WebSocket: {late.Length}, {report.Latest.TotalMilliseconds:0} ms at most");
        var first = 0;
        foreach (var protocol in _protocols)
        {
            var served = _served.AsSpan(first, protocol.Clients).ToArray().Sum();
            var words = goodbyes.Where(goodbye => goodbye.Protocol == protocol).CountBy(goodbye => goodbye.Word).Select(pair => $"; {pair.Key}: {pair.Value}");
            var losses = lost.Where(call => call.Protocol == protocol).CountBy(call => $"{call.Call.What}: {call.Call.Lost}").Select(pair => $"\n    {pair.Value} {pair.Key}");
            TestContext.Out.WriteLine($"  {protocol.Name}, {protocol.Clients} clients: {served} calls served so far; lost: {lost.Count(call => call.Protocol == protocol)}{string.Concat(words)}{string.Concat(losses)}");
            first += protocol.Clients;
        }

        return report;
    }

    public void Dispose()
    {
        _done = true;
        _threads.ForEach(thread => thread.Join());
    }

    private void Call(int client, PairProtocol protocol)
    {
        IPairConnection? connection = null;
        var calls = new List<PairCall>();
        var number = client;
        while (!_done)
        {
            var waiting = TimeProvider.System.GetTimestamp();
            var wasRefused = false;
            while (connection is null && !_done)
            {
                connection = Connect() is { } socket ? protocol.Open(socket) : null;
                wasRefused |= connection is null;
            }

            if (_done)
            {
                break;
            }

            while (calls.Count < protocol.AtOnce)
            {
                calls.Add(new PairCall(protocol.Calls[number++ % protocol.Calls.Count]));
            }

            var goesOn = Make(protocol, connection!, calls);
            if (wasRefused || calls.Exists(call => call is { What: PairCall.Opening, IsServed: true }))
            {
                _late.Enqueue(TimeProvider.System.GetElapsedTime(waiting));
            }

            foreach (var call in calls.Where(call => call.Lost is not null))
            {
                _lost.Enqueue(new PairReport.Lost(protocol, call, connection!.Instance));
            }

            Interlocked.Add(ref _served[client], calls.Count(call => call.IsServed));
            Interlocked.Increment(ref _ended[client]);
            calls.RemoveAll(call => call.IsServed || call.Lost is not null);
            if (!goesOn)
            {
                connection!.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }

    private bool Make(PairProtocol protocol, IPairConnection connection, List<PairCall> calls)
    {
        try
        {
            if (connection.Make(calls) is not { } word)
            {
                return true;
            }

            _goodbyes.Enqueue(new PairReport.Goodbye(protocol, word, TimeProvider.System.GetTimestamp()));
        }
        catch (Exception error) when (error is SocketException or EndOfStreamException)
        {
            foreach (var call in calls.Where(call => call.IsUnderWay))
            {
                call.Lose(error.Message);
            }
        }

        return false;
    }

    // Null where there is no connection to be had at this moment.
    private Socket? Connect()
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
            return socket;
        }

        socket.Dispose();
        _pause.Wait(TimeSpan.FromMilliseconds(20));
        return null;
    }
}
