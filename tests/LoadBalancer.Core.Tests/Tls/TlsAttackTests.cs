using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Tests.Tls;

/// <summary>What an engine does with a peer that breaks the protocol.</summary>
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls12)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls12)]
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls13)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls13)]
internal sealed class TlsAttackTests(string engine, SslProtocols version)
{
    private static readonly Fault Refused = new(FaultSide.Client, FaultKind.TlsHandshakeFailed);

    [TestCase("GET / HTTP/1.1\r\n\r\n", "the client speaks HTTP without TLS")]
    [TestCase("SSH-2.0-OpenSSH_9.6\r\n", "the client does not speak TLS")]
    public async Task A_client_that_speaks_something_else_is_refused_with_the_reason(string sent, string reason)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        using var client = Loopback.Connect(echo.Address);
        client.Send(System.Text.Encoding.ASCII.GetBytes(sent));
        Assert.That(await echo.Handshake, Is.EqualTo(Refused));
        Assert.That(echo.Said, Is.EqualTo(reason));
    }

    [Test]
    public async Task Noise_never_gets_past_the_handshake([Range(0, 39)] int seed)
    {
        var noise = new byte[700];
        new Random(seed).NextBytes(noise);
        if (seed % 2 == 0)
        {
            // As far as the header of the record it is a ClientHello.
            new byte[] { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 }.CopyTo(noise, 0);
        }

        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        using var client = Loopback.Connect(echo.Address);
        client.Send(noise);
        client.Shutdown(SocketShutdown.Send);
        Assert.That((await echo.Handshake).Kind, Is.EqualTo(FaultKind.TlsHandshakeFailed));
        Assert.That(echo.Said, Is.Not.Empty);
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(100)]
    public async Task A_client_that_leaves_in_its_handshake_has_not_finished_it(int bytes)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        using var client = Loopback.Connect(echo.Address);
        client.Send(new byte[] { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 }.Concat(new byte[200]).Take(bytes).ToArray());
        client.Shutdown(SocketShutdown.Send);
        Assert.That(await echo.Handshake, Is.EqualTo(Refused));
        Assert.That(echo.Said, Is.EqualTo("the peer closed in the middle of the handshake"));
    }

    [Test]
    public async Task A_client_that_resets_in_its_handshake_has_reset()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        var client = Loopback.Connect(echo.Address);
        client.Send([22, 3, 1]);
        await echo.Accepted;
        client.Abort();
        Assert.That(await echo.Handshake, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.Reset)));
    }

    [Test]
    public async Task A_client_that_has_done_its_part_is_not_given_up_for_those_who_come_after_it()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), most: 1);
        using var socket = Loopback.Connect(echo.Address);
        await using var client = await FinishedAsync(echo, socket, behind: 3);
        Assert.That(await echo.Handshake, Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task What_was_changed_on_the_way_ends_the_handshake()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = echo.Connect(out var wire);
        var writes = 0;
        wire.Tamper = bytes =>
        {
            // The second flight, with the client's finished message at its end.
            if (++writes == 2)
            {
                bytes[^1] ^= 1;
            }

            return bytes;
        };
        try
        {
            await client.AuthenticateAsClientAsync(Options());
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            // In TLS 1.3 the client has finished before it hears of it.
        }

        Assert.That(await echo.Handshake, Is.EqualTo(Refused));
    }

    [Test]
    public async Task A_record_that_was_changed_ends_the_session_and_its_bytes_are_not_seen()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = await Connected(echo);
        client.Wire.Tamper = static bytes =>
        {
            bytes[^1] ^= 1;
            return bytes;
        };
        await client.Stream.WriteAsync(new byte[100]);
        Assert.That(await echo.End, Does.StartWith("TlsRecordInvalid False").And.Contains("mac"));
        if (engine == TestEngines.SslStream)
        {
            Assert.That(await client.Stream.ReadAsync(new byte[1]), Is.Zero, "it sends no alert");
            return;
        }

        Assert.That(async () => await client.Stream.ReadAsync(new byte[1]), Throws.InstanceOf<IOException>(), "an alert");
    }

    [Test]
    public async Task Plain_bytes_in_a_session_end_it()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = await Connected(echo);
        client.Wire.Tamper = static _ => "GET / HTTP/1.1\r\n\r\n"u8.ToArray();
        await client.Stream.WriteAsync(new byte[1]);
        Assert.That(await echo.End, Does.StartWith("TlsRecordInvalid False"));
    }

    [Test]
    public async Task Half_a_record_and_the_end_is_a_stream_that_was_cut_off()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = await Connected(echo);
        client.Wire.Tamper = static bytes => bytes[..^20];
        await client.Stream.WriteAsync(new byte[100]);
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.That(await echo.End, Is.EqualTo("None True "));
    }

    [Test]
    public async Task A_record_that_is_longer_than_any_may_be_ends_the_session()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = await Connected(echo);
        client.Wire.Tamper = static _ => [23, 3, 3, 255, 255, .. new byte[1000]];
        await client.Stream.WriteAsync(new byte[1]);
        if (engine == TestEngines.SslStream)
        {
            // It waits for the whole of it, within 64 KiB, and finds out then.
            client.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(await echo.End, Is.EqualTo("None True "));
            return;
        }

        Assert.That(await echo.End, Does.StartWith("TlsRecordInvalid False"));
    }

    /// <summary>
    /// A client's handshake whose last flight the loop finds at once with, but behind, <paramref name="behind"/> clients that say nothing and leave.
    /// </summary>
    private async Task<SslStream> FinishedAsync(TlsEcho echo, Socket socket, int behind)
    {
        var wire = new TamperedStream(new NetworkStream(socket));
        var stream = new SslStream(wire, false, static (_, certificate, _, _) => certificate is not null);
        var others = new List<Socket>();
        using var stopped = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var writes = 0;
        wire.Tamper = bytes =>
        {
            if (++writes != 2)
            {
                return bytes;
            }

            echo.Loops.First.Post(
                _ =>
                {
                    stopped.Set();
                    goOn.Wait(TimeSpan.FromSeconds(20));
                },
                null);
            stopped.Wait(TimeSpan.FromSeconds(20));
            others.AddRange(Enumerable.Range(0, behind).Select(_ => Loopback.Connect(echo.Address)));
            socket.Send(bytes);
            goOn.Set();
            return [];
        };
        try
        {
            await stream.AuthenticateAsClientAsync(Options());
            await echo.Handshake;
        }
        finally
        {
            others.ForEach(other => other.Dispose());
        }

        return stream;
    }

    private async Task<Session> Connected(TlsEcho echo)
    {
        var socket = Loopback.Connect(echo.Address);
        var wire = new TamperedStream(new NetworkStream(socket, ownsSocket: true));
        var stream = new SslStream(wire, false, static (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync(Options());
        await stream.WriteAsync(new byte[10]);
        await stream.ReadExactlyAsync(new byte[10]);
        return new Session(socket, wire, stream);
    }

    private SslClientAuthenticationOptions Options() => new() { TargetHost = "localhost", EnabledSslProtocols = version };

    private sealed record Session(Socket Socket, TamperedStream Wire, SslStream Stream) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            try
            {
                await Stream.DisposeAsync();
            }
            catch (IOException)
            {
                // It cannot say goodbye any more.
            }
        }
    }
}
