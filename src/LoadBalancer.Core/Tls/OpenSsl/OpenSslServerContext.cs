using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>
/// A server's side of TLS by libssl: a context for each certificate, between which the client's name decides. Where others stand for it, with
/// other kinds of keys, they are in its context too, and libssl chooses by what the client can read.
/// </summary>
/// <remarks>libssl's callbacks find what belongs to them by the session whose call is under way (<see cref="SocketBio.Current"/>).</remarks>
internal sealed unsafe class OpenSslServerContext : TlsServerContext
{
    private const int TicketVectorBytes = 16;

    private static readonly nint TicketCipher = LibCrypto.FetchCipher(0, "AES-256-CBC", 0);

    private readonly SslContextHandle[] _contexts;
    private readonly Dictionary<nint, ServerCertificate> _stapled = [];

    /// <summary>A server's side of <paramref name="settings"/>.</summary>
    public OpenSslServerContext(TlsServerSettings settings)
        : base(settings) => _contexts = [.. settings.Certificates.Select(NewContext)];

    /// <inheritdoc/>
    public override TlsSession NewSession(EpollSocket socket)
    {
        var ssl = LibSsl.New(_contexts[0].Pointer);
        LibSsl.SetAcceptState(ssl);
        return new OpenSslSession(this, ssl, socket, remembered: null);
    }

    private SslContextHandle NewContext(ServerCertificate certificate)
    {
        var context = SslContextSetup.New(LibSsl.ServerMethod(), Settings.OnlyTls13);
        var pointer = context.Pointer;
        var shown = Certificates.Alternatives(certificate);
        foreach (var alternative in shown)
        {
            var native = SslContextSetup.UseCertificate(context, alternative.ChainPem, alternative.KeyPem, alternative.Source);
            if (alternative.Staple is not null)
            {
                _stapled[native] = alternative;
            }
        }

        LibSsl.ContextControl(pointer, LibSsl.ControlSessionCacheMode, LibSsl.SessionCacheOff, null);
        _ = LibSsl.SetTicketCallback(pointer, (delegate* unmanaged<nint, byte*, byte*, nint, nint, int, int>)&OnTicket);
        LibSsl.ContextCallback(pointer, LibSsl.ControlServerNameCallback, (delegate* unmanaged<nint, int*, void*, int>)&OnServerName);
        var sessionContext = SessionContext();
        fixed (byte* id = sessionContext)
        {
            SslContextSetup.Check(LibSsl.SetSessionContext(pointer, id, (uint)sessionContext.Length), null);
        }

        if (!Settings.Protocols.IsEmpty)
        {
            LibSsl.SetAlpnCallback(pointer, (delegate* unmanaged<nint, byte**, byte*, byte*, uint, void*, int>)&OnAlpn, 0);
        }

        if (shown.Any(alternative => alternative.Staple is not null))
        {
            LibSsl.ContextCallback(pointer, LibSsl.ControlStatusCallback, (delegate* unmanaged<nint, void*, int>)&OnStatus);
        }

        if (Settings.ClientCertificates != ClientCertificateMode.Off)
        {
            SslContextSetup.Trust(context, Settings.ClientAuthoritiesPem, tellClients: true, source: null);
            var isRequired = Settings.ClientCertificates == ClientCertificateMode.Required;
            LibSsl.SetVerify(pointer, LibSsl.VerifyPeer | (isRequired ? LibSsl.VerifyFailIfNoPeerCertificate : 0), null);
            SslContextSetup.Check(LibSsl.SetTicketJudge(pointer, null, (delegate* unmanaged<nint, nint, byte*, nuint, int, void*, int>)&OnTicketRead, 0), null);
        }

        return context;
    }

    /// <summary>What tickets are bound to: not only whose they are but also which certificates were wanted, which a reload may change (CVE-2025-23419).</summary>
    private byte[] SessionContext()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Settings.SessionContext);
        hash.AppendData([(byte)Settings.ClientCertificates]);
        hash.AppendData(Settings.ClientAuthoritiesPem);
        return hash.GetHashAndReset();
    }

    // None of the callbacks may throw: see SocketBio.
    [UnmanagedCallersOnly]
    private static int OnServerName(nint ssl, int* alert, void* argument)
    {
        var server = SocketBio.Current!.Context!;
        var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibSsl.GetServerName(ssl, 0));
        var found = server.Certificates.Find(name);
        if (found > 0)
        {
            LibSsl.SetContext(ssl, server._contexts[found].Pointer);
        }

        return name.IsEmpty ? LibSsl.NoAcknowledge : LibSsl.ServerNameOk;
    }

    [UnmanagedCallersOnly]
    private static int OnAlpn(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, void* argument)
    {
        var protocols = SocketBio.Current!.Context!.Settings.Protocols;
        if (AlpnWire.Choose(protocols, new ReadOnlySpan<byte>(offered, (int)offeredLength), out var start, out var length) == ApplicationProtocol.None)
        {
            return LibSsl.AlertFatal;
        }

        *chosen = offered + start;
        *chosenLength = (byte)length;
        return LibSsl.ServerNameOk;
    }

    [UnmanagedCallersOnly]
    private static int OnStatus(nint ssl, void* argument)
    {
        var server = SocketBio.Current!.Context!;
        if (!server._stapled.TryGetValue(LibSsl.GetOwnCertificate(ssl), out var certificate) || certificate.StapleEnd < server.Settings.Time.GetUtcNow())
        {
            return LibSsl.NoAcknowledge;
        }

        // libssl frees it with the session.
        var staple = certificate.Staple!;
        var copy = (byte*)LibCrypto.Allocate((nuint)staple.Length, null, 0);
        staple.CopyTo(new Span<byte>(copy, staple.Length));
        LibSsl.Control(ssl, LibSsl.ControlStatusResponse, staple.Length, copy);
        return LibSsl.ServerNameOk;
    }

    /// <summary>Encrypts a ticket, or finds the key of one: 1 is done, 2 is done and a new one wanted, 0 is no such key, -1 an error (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).</summary>
    [UnmanagedCallersOnly]
    private static int OnTicket(nint ssl, byte* name, byte* vector, nint cipher, nint mac, int encrypts)
    {
        var keys = SocketBio.Current!.Context!.Settings.TicketKeys.Current;
        if (encrypts != 0)
        {
            keys[0].Name.CopyTo(new Span<byte>(name, keys[0].Name.Length));
            return LibCrypto.FillRandom(vector, TicketVectorBytes) == 1 && UseKey(keys[0], vector, cipher, mac, encrypts: true) ? 1 : -1;
        }

        for (var at = 0; at < keys.Length; at++)
        {
            if (keys[at].Name.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(name, keys[at].Name.Length)))
            {
                // A ticket of TLS 1.3 is used once (RFC 8446, appendix C.4): there is a new one with each resumption.
                return !UseKey(keys[at], vector, cipher, mac, encrypts: false) ? -1 : at == 0 && LibSsl.GetVersionNumber(ssl) < LibSsl.VersionTls13 ? 1 : 2;
            }
        }

        return 0;
    }

    /// <summary>
    /// Whether a ticket that was read is taken up (SSL_CTX_set_session_ticket_cb(3)): not where the certificate in it has ended since. A handshake by ticket
    /// verifies nothing, and gives the next ticket: without this a client would stay in for as long as it comes back. It is asked for its certificate instead.
    /// </summary>
    [UnmanagedCallersOnly]
    private static int OnTicketRead(nint ssl, nint session, byte* name, nuint nameLength, int status, void* argument)
    {
        if (status is not (LibSsl.TicketRead or LibSsl.TicketReadToRenew))
        {
            return LibSsl.TicketIgnoreAndRenew;
        }

        var now = SocketBio.Current!.Context!.Settings.Time.GetUtcNow().ToUnixTimeSeconds();
        var certificate = LibSsl.GetSessionPeer(session);
        return certificate != 0 && LibCrypto.CompareTime(LibCrypto.GetNotAfter(certificate), &now) <= 0 ? LibSsl.TicketIgnoreAndRenew
            : status == LibSsl.TicketRead ? LibSsl.TicketUse : LibSsl.TicketUseAndRenew;
    }

    private static bool UseKey(TicketKey key, byte* vector, nint cipher, nint mac, bool encrypts)
    {
        fixed (byte* cipherKey = key.Cipher, macKey = key.Mac, keyName = "key\0"u8, digestName = "digest\0"u8, digest = "SHA256\0"u8)
        {
            var parameters = stackalloc LibCrypto.Parameter[3];
            parameters[0] = new() { Name = keyName, Type = LibCrypto.ParameterBytes, Data = macKey, Length = (nuint)key.Mac.Length };
            parameters[1] = new() { Name = digestName, Type = LibCrypto.ParameterText, Data = digest, Length = 6 };
            parameters[2] = default;
            return LibCrypto.SetMacParameters(mac, parameters) == 1
                && (encrypts
                    ? LibCrypto.BeginEncryption(cipher, TicketCipher, 0, cipherKey, vector)
                    : LibCrypto.BeginDecryption(cipher, TicketCipher, 0, cipherKey, vector)) == 1;
        }
    }
}
