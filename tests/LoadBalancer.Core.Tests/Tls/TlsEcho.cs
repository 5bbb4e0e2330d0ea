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

/// <summary>A server that speaks TLS by an engine and sends back what it reads.</summary>
internal sealed class TlsEcho : IDisposable
{
    private readonly EpollListener _listener;
    private readonly TaskCompletionSource<Fault> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TlsServerContext _context;
    private int _open;

    public TlsEcho(TlsEngine engine, TlsServerSettings settings)
    {
        _context = engine.CreateServer(settings);
        Loops = new TestLoops();
        Pace = new HandshakePace(Loops.First);
        _listener = EpollListener.Bind(Loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(client => _ = ServeAsync(client)));
        _listener.Start();
    }

    public TestLoops Loops { get; }

    public HandshakePace Pace { get; }

    public EndPoint Address => _listener.Address;

    /// <summary>How the first handshake ended.</summary>
    public Task<Fault> Handshake => _fault.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>What the first session says of itself after its handshake, or of its failure.</summary>
    public string Said { get; private set; } = "";

    /// <summary>The settings of most tests: one certificate for localhost.</summary>
    public static TlsServerSettings Settings(TestAuthority authority, params string[] names) => new()
    {
        Certificates = [Certificate(authority, names.Length == 0 ? ["localhost"] : names)],
        TicketKeys = new TicketKeys(TicketKeys.NewKey()),
        SessionContext = "test"u8.ToArray(),
    };

    public static ServerCertificate Certificate(TestAuthority authority, params string[] names)
    {
        using var certificate = authority.Issue(30, names);
        return new ServerCertificate
        {
            Source = "test",
            ChainPem = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()),
            KeyPem = Encoding.ASCII.GetBytes(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
            Names = [.. names],
        };
    }

    /// <summary>A client's stream before its handshake, which trusts anybody.</summary>
    public SslStream Connect() => new(new NetworkStream(Loopback.Connect(Address), ownsSocket: true), false, static (_, _, _, _) => true);

    public void Dispose()
    {
        _listener.CloseAsync().Wait(TimeSpan.FromSeconds(20));
        SpinWait.SpinUntil(() => Volatile.Read(ref _open) == 0, TimeSpan.FromSeconds(20));
        Loops.Run(() => Assert.That((Loops.First.Blocks.Rented, Loops.First.LargeBlocks.Rented), Is.EqualTo((0, 0)), "buffers still rented")).Wait();
        Loops.Dispose();
    }

    private async Task ServeAsync(EpollConnection client)
    {
        Interlocked.Increment(ref _open);
        var socket = client.TryTakeSocket()!;
        var session = _context.NewSession(socket);
        var fault = await TlsHandshake.StartAsync(socket, session, FaultSide.Client, Pace, TimeSpan.FromSeconds(5));
        Said = fault.Failed ? $"{session.FailureText}" : $"{session.Version} {session.Protocol} {Encoding.ASCII.GetString(session.ServerName)} {session.IsResumed}";
        _fault.TrySetResult(fault);
        if (!fault.Failed)
        {
            client.Observe();
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

        client.Close();
        Interlocked.Decrement(ref _open);
    }
}
