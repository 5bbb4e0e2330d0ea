using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Clients that drop their connections at every moment of their life, each by chance from a seed.</summary>
internal static class ConnectionChurn
{
    private const int Workers = 4;
    private const int AtOnce = 50;

    /// <summary>Opens <paramref name="count"/> connections from some threads, each with a few open at once, and drops each as chance will have it.</summary>
    public static void Drop(EndPoint address, int count, int seed) => Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
    {
        var chance = new Random((seed * Workers) + worker);
        var open = new Queue<Socket>();
        for (var number = 0; number < count / Workers; number++)
        {
            if (Begin(address, chance.Next(6)) is { } socket)
            {
                open.Enqueue(socket);
            }

            if (open.Count > AtOnce)
            {
                End(open.Dequeue(), chance.Next(3));
            }
        }

        foreach (var socket in open)
        {
            socket.Abort();
        }
    });

    /// <summary>A connection at some point of its life; null where it was dropped on the way there.</summary>
    private static Socket? Begin(EndPoint address, int how)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Loopback.TimeoutMs, SendTimeout = Loopback.TimeoutMs };
        if (how == 0)
        {
            // Given up while it connects, or before it is accepted.
            socket.Blocking = false;
            try
            {
                socket.Connect(address);
            }
            catch (SocketException)
            {
                // In progress.
            }

            socket.Abort();
            return null;
        }

        socket.Connect(address);
        switch (how)
        {
            case 1:
                // Dropped while lb connects to the endpoint.
                socket.Abort();
                return null;
            case 2:
                socket.Shutdown(SocketShutdown.Send);
                break;
            case 3:
                socket.Send(new byte[1000]);
                break;
            case 4:
                // The endpoint's name: the relay is at work.
                socket.ReceiveExactly(1);
                socket.Send(new byte[20_000]);
                break;
        }

        return socket;
    }

    private static void End(Socket socket, int how)
    {
        if (how == 0)
        {
            socket.Abort();
        }
        else
        {
            // In order, or with a reset where bytes are unread.
            socket.Dispose();
        }
    }
}
