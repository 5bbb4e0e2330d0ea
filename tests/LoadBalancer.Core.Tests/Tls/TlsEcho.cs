using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

/// <summary>A server that speaks TLS by an engine and sends back what it reads, or does what it is told.</summary>
internal sealed class TlsEcho : IDisposable
{
    private readonly EpollListener _listener;
    private readonly TaskCompletionSource<Fault> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<EpollConnection> _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<EpollConnection, Task>? _serve;
    private readonly HandshakeQueue _queue;
    private int _open;

    /// <param name="engine">Who encrypts.</param>
    /// <param name="settings">What it is to be.</param>
    /// <param name="serve">What is done with an established connection; null echoes.</param>
    /// <param name="most">Handshakes at once.</param>
    public TlsEcho(TlsEngine engine, TlsServerSettings settings, Func<EpollConnection, Task>? serve = null, int most = 1000)
    {
        _serve = serve;
        Context = engine.CreateServer(settings);
        Loops = new TestLoops();
        Pace = new HandshakePace(Loops.First, TimeProvider.System);
        _queue = new HandshakeBound([Loops.First], most).On(0);
        _listener = EpollListener.Bind(Loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(client => _ = ServeAsync(client)));
        _listener.Start();
    }

    public TestLoops Loops { get; }

    public HandshakePace Pace { get; }

    /// <summary>What connections from here on are taken with.</summary>
    public TlsServerContext Context { get; set; }

    public EndPoint Address => _listener.Address;

    /// <summary>How the first handshake ended.</summary>
    public Task<Fault> Handshake => _fault.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>How the first session ended: the reader's fault, whether it was cut off, and why.</summary>
    public Task<string> End => _end.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>The first connection.</summary>
    public Task<EpollConnection> Accepted => _accepted.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>What the first session says of itself after its handshake, or of its failure.</summary>
    public string Said { get; private set; } = "";

    /// <summary>The settings of most tests: one certificate for localhost.</summary>
    public static TlsServerSettings Settings(TestAuthority authority, params string[] names) => new()
    {
        Certificates = [Certificate(authority, names.Length == 0 ? ["localhost"] : names)],
        TicketKeys = new TicketKeys(TicketKeys.NewKey()),
        SessionContext = "test"u8.ToArray(),
    };

    public static ServerCertificate Certificate(TestAuthority authority, params string[] names) => Certificate(authority, 30, names);

    public static ServerCertificate Certificate(TestAuthority authority, int validDays, params string[] names)
    {
        using var certificate = authority.Issue(validDays, names);
        return new ServerCertificate
        {
            Source = "test",
            ChainPem = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()),
            KeyPem = Encoding.ASCII.GetBytes(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
            Names = [.. names],
        };
    }

    /// <summary>A client's stream before its handshake, which trusts anybody.</summary>
    public SslStream Connect() => Connect(out _);

    /// <summary>As <see cref="Connect()"/>, with the stream under it.</summary>
    public SslStream Connect(out TamperedStream wire)
    {
        wire = new TamperedStream(new NetworkStream(Loopback.Connect(Address), ownsSocket: true));
        return new SslStream(wire, false, static (_, certificate, _, _) => certificate is not null);
    }

    /// <summary>Waits until nobody is being served.</summary>
    public void Rest() => Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref _open) == 0, TimeSpan.FromSeconds(20)), "a connection is still served");

    public void Dispose()
    {
        _listener.CloseAsync().Wait(TimeSpan.FromSeconds(20));
        Rest();
        Loops.Run(() => Assert.That((Loops.First.Blocks.Rented, Loops.First.LargeBlocks.Rented), Is.EqualTo((0, 0)), "buffers still rented")).Wait();
        Loops.Run(() => Assert.That(Loops.First.TimerCount, Is.Zero, "timers left")).Wait();
        Loops.Dispose();
    }

    private async Task ServeAsync(EpollConnection client)
    {
        Interlocked.Increment(ref _open);
        var socket = client.TryTakeSocket()!;
        var session = Context.NewSession(socket);
        _accepted.TrySetResult(client);
        var fault = await TlsHandshake.StartAsync(socket, session, FaultSide.Client, Pace, TimeSpan.FromSeconds(10), _queue);
        if (!_fault.Task.IsCompleted)
        {
            Said = fault.Failed ? $"{session.FailureText}" : $"{session.Version} {session.Protocol} {Encoding.ASCII.GetString(session.ServerName)} {session.IsResumed}";
            _fault.TrySetResult(fault);
        }

        if (!fault.Failed)
        {
            client.Observe();
            await (_serve ?? EchoAsync)(client);
            _end.TrySetResult($"{client.ReadFault} {session.IsTruncated} {session.FailureText}");
        }

        client.Close();
        Interlocked.Decrement(ref _open);
    }

    private static async Task EchoAsync(EpollConnection client)
    {
        while (true)
        {
            var read = await client.Transport.Input.ReadAsync();
            foreach (var piece in read.Buffer)
            {
                client.Transport.Output.Write(piece.Span);
            }

            client.Transport.Input.AdvanceTo(read.Buffer.End);
            var flush = await client.Transport.Output.FlushAsync();
            if (read.IsCompleted || flush.IsCompleted)
            {
                break;
            }
        }

        client.Transport.Output.Complete();
        client.Transport.Input.Complete();
    }
}
