using System.Net;
using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

internal sealed class HandshakeBoundTests
{
    [Test]
    public async Task Fewer_handshakes_than_loops_are_no_more_than_that_and_who_comes_last_is_among_them()
    {
        using var authority = new TestAuthority();
        using var loops = new TestLoops(4);
        var context = TestEngines.Of(TestEngines.LibSsl).CreateServer(TlsEcho.Settings(authority));
        var paces = new HandshakePaces(loops.Group.Loops, TimeProvider.System);
        var bound = new HandshakeBound(paces.Loops, 2);
        var (listeners, clients, faults) = (new List<EpollListener>(), new List<Socket>(), new List<Task<Fault>>());
        try
        {
            for (var at = 0; at < 4; at++)
            {
                var fault = new TaskCompletionSource<Fault>(TaskCreationOptions.RunContinuationsAsynchronously);
                var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                faults.Add(fault.Task);

                // A listener each, so that each client is on another loop.
                listeners.Add(EpollListener.Bind(loops.Group.Loops.Slice(at, 1), new IPEndPoint(IPAddress.Loopback, 0), new TestSink(client => _ = ServeAsync(client, begun, fault))));
                listeners[at].Start();
                clients.Add(Loopback.Connect(listeners[at].Address));
                await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
                if (at >= 2)
                {
                    Assert.That(
                        await faults[at - 2].WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(new Fault(FaultSide.Client, FaultKind.TooManyHandshakes)), "nobody has two, and one goes all the same");
                }
            }

            Assert.That((bound.Count, bound.IsExceeded, faults[2].IsCompleted, faults[3].IsCompleted), Is.EqualTo((2, false, false, false)));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
            await Task.WhenAll(faults).WaitAsync(TimeSpan.FromSeconds(20));
            await Task.WhenAll(listeners.Select(listener => listener.CloseAsync()));
        }

        async Task ServeAsync(EpollConnection client, TaskCompletionSource begun, TaskCompletionSource<Fault> ended)
        {
            var socket = client.TryTakeSocket()!;
            var handshake = TlsHandshake.StartAsync(socket, context.NewSession(socket), FaultSide.Client, paces.On(socket.Loop), TimeSpan.FromSeconds(60), bound.On(socket.Loop.Index));

            // In the next turn: of this one nobody is given up.
            socket.Loop.Post(_ => socket.Loop.Post(_ => begun.SetResult(), null), null);
            var fault = await handshake;
            client.Close();
            ended.SetResult(fault);
        }
    }
}
