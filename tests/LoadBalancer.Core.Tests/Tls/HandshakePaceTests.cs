using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

/// <summary>Sessions whose every step takes the whole of a turn's time: one is made at once, the others wait in line.</summary>
internal sealed class HandshakePaceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private readonly List<string> _steps = [];
    private ManualTime _time = null!;
    private TestLoops _loops = null!;
    private HandshakePace _pace = null!;
    private Socket _server = null!;

    [SetUp]
    public void Begin()
    {
        _steps.Clear();
        _time = new ManualTime();
        _loops = new TestLoops(1, _time);
        _pace = new HandshakePace(_loops.First, _time);
        _server = Loopback.Listen();
    }

    [TearDown]
    public void End()
    {
        _server.Dispose();
        _loops.Dispose();
    }

    [Test]
    public async Task A_handshake_with_an_endpoint_does_not_wait_behind_those_of_clients()
    {
        EpollSocket[] sockets = [.. await Connected(6)];
        Task<Fault>[] ends = [];
        await _loops.Run(() => ends =
        [
            .. sockets.Select((socket, at) => Start(socket, at == 5 ? FaultSide.Upstream : FaultSide.Client, at == 5 ? "endpoint" : $"client {at}", Long)),
        ]);
        Assert.That(await Task.WhenAll(ends).WaitAsync(TimeSpan.FromSeconds(20)), Is.All.EqualTo(Fault.None));
        Assert.That(_steps, Is.EqualTo(new[] { "client 0", "endpoint", "client 1", "client 2", "client 3", "client 4" }));
        await Close(sockets);
    }

    [Test]
    public async Task Handshakes_with_endpoints_leave_clients_one_step_of_each_turn()
    {
        EpollSocket[] sockets = [.. await Connected(5)];
        Task<Fault>[] ends = [];
        await _loops.Run(() => ends =
        [
            .. sockets.Select((socket, at) => Start(socket, at < 3 ? FaultSide.Upstream : FaultSide.Client, at < 3 ? $"endpoint {at}" : $"client {at}", Long)),
        ]);
        Assert.That(await Task.WhenAll(ends).WaitAsync(TimeSpan.FromSeconds(20)), Is.All.EqualTo(Fault.None));
        Assert.That(_steps, Is.EqualTo(new[] { "endpoint 0", "endpoint 1", "client 3", "endpoint 2", "client 4" }));
        await Close(sockets);
    }

    [Test]
    public async Task A_deadline_that_passes_in_line_is_nobody_elses_fault()
    {
        EpollSocket[] sockets = [.. await Connected(5)];
        Task<Fault>[] ends = [];
        await _loops.Run(() => ends =
        [
            .. sockets.Select((socket, at) => Start(socket, FaultSide.Upstream, $"{at}", at == 4 ? TimeSpan.FromMilliseconds(1) : Long)),
        ]);
        var faults = await Task.WhenAll(ends).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(faults[4], Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.HandshakeTimeout, Retryable: true)));
        Assert.That(_steps, Does.Not.Contain("4"));
        await Close(sockets);
    }

    [TestCase(FaultSide.Upstream)]
    [TestCase(FaultSide.Client)]
    public async Task At_the_deadline_the_answer_of_an_endpoint_that_is_here_is_taken(FaultSide peer)
    {
        EpollSocket[] sockets = [.. await Connected(5)];
        Task<Fault>[] ends = [];
        await _loops.Run(() =>
        {
            var session = new Step(() => Take("first"), steps: 2);
            var first = TlsHandshake.StartAsync(sockets[0], session, peer, _pace, TimeSpan.FromMilliseconds(1500)).AsTask();
            ends = [first, .. sockets[1..].Select((socket, at) => Start(socket, peer, $"{at}", Long))];
            ((IReadinessObserver)session.UnderWay!).OnReady(sockets[0]);
        });
        var faults = await Task.WhenAll(ends).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(faults[0], Is.EqualTo(peer == FaultSide.Upstream ? Fault.None : new Fault(FaultSide.Internal, FaultKind.HandshakeTimeout)));
        Assert.That(_steps.Count(step => step == "first"), Is.EqualTo(peer == FaultSide.Upstream ? 2 : 1));
        await Close(sockets);
    }

    private async Task<Fault> Start(EpollSocket socket, FaultSide peer, string name, TimeSpan timeout) =>
        await TlsHandshake.StartAsync(socket, new Step(() => Take(name)), peer, _pace, timeout);

    private void Take(string name)
    {
        _steps.Add(name);
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Sockets to whom something was sent, which they know.</summary>
    private async Task<List<EpollSocket>> Connected(int count)
    {
        var sockets = new List<EpollSocket>();
        for (var at = 0; at < count; at++)
        {
            var readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            sockets.Add((await _loops.Run(async () =>
            {
                var result = await ConnectAttempt.StartAsync(_loops.First, _server.LocalEndPoint!, Long);
                result.Socket!.Observe(new Watcher(readable));
                return result;
            })).Socket!);
            using (var accepted = await _server.AcceptAsync())
            {
                accepted.Send("hello"u8);
            }

            await readable.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        return sockets;
    }

    private Task Close(EpollSocket[] sockets) => _loops.Run(() => Array.ForEach(sockets, socket => socket.Reset()));

    private sealed class Watcher(TaskCompletionSource readable) : IReadinessObserver
    {
        public void OnReady(EpollSocket socket)
        {
            if (socket.IsWireReadable)
            {
                readable.TrySetResult();
            }
        }

        public void OnUnhandledError(EpollSocket socket) => Assert.Fail("an error escaped");
    }

    /// <summary>A session that is done after its steps.</summary>
    private sealed class Step(Action step, int steps = 1) : TlsSession
    {
        private int _left = steps;

        public override ApplicationProtocol Protocol => ApplicationProtocol.None;

        public override ReadOnlySpan<byte> ServerName => [];

        public override string? Version => null;

        public override string? CipherSuite => null;

        public override bool IsResumed => false;

        public override string? FailureText => null;

        public override X509Certificate2? GetPeerCertificate() => null;

        public override HandshakeProgress Handshake()
        {
            step();
            return --_left == 0 ? HandshakeProgress.Done : HandshakeProgress.Waits;
        }

        public override int Receive(Span<byte> buffer) => EpollSocket.WouldBlock;

        public override int Send(ReadOnlySpan<byte> bytes) => EpollSocket.WouldBlock;

        public override bool HasNews() => false;

        public override void SendPending()
        {
        }

        public override void EndSending()
        {
        }

        public override void Close(bool sayEnd) => UnderWay?.GiveUp();
    }
}
