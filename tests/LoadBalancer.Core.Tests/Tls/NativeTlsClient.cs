using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

/// <summary>A client by libssl on a blocking socket, for what the platform's SslStream cannot do: new keys, renegotiation, sessions by hand, staples.</summary>
internal sealed unsafe partial class NativeTlsClient : IDisposable
{
    public const int Tls12 = 0x0303;
    public const int Tls13 = 0x0304;
    private const int ControlStatusType = 65;
    private const int ControlReadStatus = 70;

    private readonly nint _context;
    private readonly nint _ssl;

    /// <summary>A client of <paramref name="address"/> before its handshake; it trusts anybody, or where it <paramref name="verifies"/> nobody.</summary>
    public NativeTlsClient(EndPoint address, int version, string? name = "localhost", nint session = 0, bool wantsStaple = false, string? offers = null, bool verifies = false, X509Certificate2? own = null)
    {
        _context = LibSsl.NewContext(LibSsl.ClientMethod());
        LibSsl.ContextControl(_context, LibSsl.ControlMinVersion, version, null);
        LibSsl.ContextControl(_context, LibSsl.ControlMaxVersion, version, null);
        LibSsl.SetVerify(_context, verifies ? LibSsl.VerifyPeer : 0, null);
        if (offers is not null)
        {
            var wire = Encoding.ASCII.GetBytes($"{(char)offers.Length}{offers}");
            fixed (byte* bytes = wire)
            {
                _ = LibSsl.SetAlpnOffer(_context, bytes, (uint)wire.Length);
            }
        }

        if (own is not null)
        {
            Use(own);
        }

        Socket = Loopback.Connect(address);
        _ssl = LibSsl.New(_context);
        LibSsl.SetConnectState(_ssl);
        _ = SetDescriptor(_ssl, (int)Socket.Handle);
        if (name is not null)
        {
            LibSsl.Control(_ssl, LibSsl.ControlHostName, 0, name);
        }

        if (session != 0)
        {
            _ = LibSsl.SetSession(_ssl, session);
        }

        if (wantsStaple)
        {
            LibSsl.Control(_ssl, ControlStatusType, 1, (void*)null);
        }
    }

    /// <summary>What it speaks over.</summary>
    public Socket Socket { get; }

    /// <summary>True where the server took its session up again.</summary>
    public bool IsResumed => LibSsl.IsSessionReused(_ssl) != 0;

    /// <summary>The DER of the subject and all the rest of the server's certificate.</summary>
    public byte[] ServerCertificate
    {
        get
        {
            var native = LibSsl.GetPeerCertificate(_ssl);
            var encoded = new byte[LibCrypto.EncodeCertificate(native, null)];
            fixed (byte* start = encoded)
            {
                var end = start;
                _ = LibCrypto.EncodeCertificate(native, &end);
            }

            LibCrypto.FreeCertificate(native);
            return encoded;
        }
    }

    /// <summary>The staple that the server sent; empty for none.</summary>
    public byte[] Staple
    {
        get
        {
            byte* bytes;
            var length = (int)LibSsl.Control(_ssl, ControlReadStatus, 0, &bytes);
            return length <= 0 ? [] : new ReadOnlySpan<byte>(bytes, length).ToArray();
        }
    }

    /// <summary>The protocol that was agreed on.</summary>
    public string Protocol
    {
        get
        {
            byte* protocol;
            uint length;
            LibSsl.GetAlpn(_ssl, &protocol, &length);
            return Encoding.ASCII.GetString(protocol, (int)length);
        }
    }

    /// <summary>The cipher that was agreed on, by OpenSSL's name.</summary>
    public string Cipher => Marshal.PtrToStringUTF8((nint)LibSsl.GetCipherName(LibSsl.GetCipher(_ssl)))!;

    /// <summary>Offers these ciphers of its version, in this order, by OpenSSL's names.</summary>
    public NativeTlsClient Offering(string ciphers)
    {
        Assert.That(ciphers.StartsWith("TLS_", StringComparison.Ordinal) ? SetSuites(_ssl, ciphers) : SetCiphers(_ssl, ciphers), Is.EqualTo(1), OpenSslFailure.TakeText);
        return this;
    }

    /// <summary>Makes the handshake; true where it came to its end.</summary>
    public bool Handshake() => LibSsl.DoHandshake(_ssl) == 1;

    /// <summary>Makes the handshake, which must come to its end.</summary>
    public NativeTlsClient Connected()
    {
        Assert.That(Handshake(), Is.True, OpenSslFailure.TakeText);
        return this;
    }

    public int Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            return LibSsl.Write(_ssl, start, bytes.Length);
        }
    }

    public byte[] Read(int count)
    {
        var bytes = new byte[count];
        fixed (byte* start = bytes)
        {
            for (var at = 0; at < count;)
            {
                var read = LibSsl.Read(_ssl, start + at, count - at);
                Assert.That(read, Is.Positive, OpenSslFailure.TakeText);
                at += read;
            }
        }

        return bytes;
    }

    /// <summary>Sends bytes, and waits until they have come back.</summary>
    public void Echoes(int count)
    {
        var sent = Loopback.Pattern(count);
        Assert.That(Write(sent), Is.EqualTo(count));
        Assert.That(Read(count).AsSpan().SequenceEqual(sent));
    }

    /// <summary>True where a byte comes back, and no alert instead.</summary>
    public bool IsServed()
    {
        byte one = 1;
        var isServed = LibSsl.Write(_ssl, &one, 1) == 1 && LibSsl.Read(_ssl, &one, 1) == 1;
        LibCrypto.ClearErrors();
        return isServed;
    }

    /// <summary>Changes our key; the server has to change its own too where <paramref name="bothWays"/>.</summary>
    public int UpdateKey(bool bothWays)
    {
        var result = KeyUpdate(_ssl, bothWays ? 1 : 0);
        return result == 1 ? LibSsl.DoHandshake(_ssl) : result;
    }

    /// <summary>Asks for a new handshake in the middle of a session (TLS 1.2).</summary>
    public bool Renegotiate() => StartRenegotiation(_ssl) == 1 && Handshake();

    /// <summary>Says that nothing more will come.</summary>
    public void Shutdown() => _ = LibSsl.Shutdown(_ssl);

    /// <summary>The session, with a reference of the caller's.</summary>
    public nint TakeSession() => GetSession(_ssl);

    public void Dispose()
    {
        LibSsl.SetShutdown(_ssl, LibSsl.SentShutdown | LibSsl.ReceivedShutdown);
        LibSsl.Free(_ssl);
        LibSsl.FreeContext(_context);
        LibCrypto.ClearErrors();
        Socket.Dispose();
    }

    private void Use(X509Certificate2 own)
    {
        using var key = own.GetECDsaPrivateKey()!;
        var pem = Encoding.ASCII.GetBytes($"{own.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}");
        fixed (byte* bytes = pem)
        {
            var bio = LibCrypto.NewMemoryBio(bytes, pem.Length);
            var (certificate, secret) = (LibCrypto.ReadCertificate(bio, 0, null, null), LibCrypto.ReadPrivateKey(bio, 0, null, null));
            Assert.That((LibSsl.UseCertificate(_context, certificate), LibSsl.UsePrivateKey(_context, secret)), Is.EqualTo((1, 1)), OpenSslFailure.TakeText);
            LibCrypto.FreeCertificate(certificate);
            LibCrypto.FreeKey(secret);
            _ = LibCrypto.FreeBio(bio);
        }
    }

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_set_fd")]
    private static partial int SetDescriptor(nint ssl, int descriptor);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_set_cipher_list", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetCiphers(nint ssl, string ciphers);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_set_ciphersuites", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetSuites(nint ssl, string suites);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_key_update")]
    private static partial int KeyUpdate(nint ssl, int bothWays);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_renegotiate")]
    private static partial int StartRenegotiation(nint ssl);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_get1_session")]
    private static partial nint GetSession(nint ssl);
}
