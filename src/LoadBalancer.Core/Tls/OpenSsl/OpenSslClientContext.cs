using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>A client's side of TLS by libssl.</summary>
internal sealed unsafe class OpenSslClientContext : TlsClientContext
{
    // X509_check_host(3): a wildcard stands for a whole label, and a name in the subject counts for nothing (RFC 9525 section 2).
    private const uint NoPartialWildcards = 0x4;
    private const uint NeverSubject = 0x20;

    private readonly SslContextHandle _context;
    private readonly ConcurrentDictionary<EndPoint, OpenSslClientSessions> _sessions = new();

    /// <summary>A client's side of <paramref name="settings"/>.</summary>
    public OpenSslClientContext(TlsClientSettings settings)
        : base(settings)
    {
        _context = SslContextSetup.New(LibSsl.ClientMethod(), onlyTls13: false);
        var pointer = _context.Pointer;
        if (settings.ChainPem is { } chain && settings.KeyPem is { } key)
        {
            SslContextSetup.UseCertificate(_context, chain, key, source: null);
        }

        if (settings.AuthoritiesPem is { } authorities)
        {
            SslContextSetup.Trust(_context, authorities, tellClients: false, source: null);
        }
        else if (settings.Verifies)
        {
            SslContextSetup.Check(LibSsl.UseAuthoritiesOfMachine(pointer), null);
        }

        LibSsl.SetVerify(pointer, settings.Verifies ? LibSsl.VerifyPeer : 0, null);
        LibSsl.ContextControl(pointer, LibSsl.ControlSessionCacheMode, LibSsl.SessionCacheClientNoInternal, null);
        LibSsl.SetNewSessionCallback(pointer, (delegate* unmanaged<nint, nint, int>)&OnNewSession);
    }

    /// <inheritdoc/>
    public override TlsSession NewSession(EpollSocket socket, EndPoint address, ImmutableArray<ApplicationProtocol> protocols)
    {
        var ssl = LibSsl.New(_context.Pointer);
        LibSsl.SetConnectState(ssl);
        var isExpected = Expect(ssl, Settings.ServerName, address);
        if (!protocols.IsEmpty)
        {
            var offer = AlpnWire.Write(protocols);
            fixed (byte* bytes = offer)
            {
                _ = LibSsl.SetSessionAlpnOffer(ssl, bytes, (uint)offer.Length);
            }
        }

        var sessions = _sessions.GetOrAdd(address, static _ => new OpenSslClientSessions());
        sessions.Resume(ssl);
        var session = new OpenSslSession(context: null, ssl, socket, sessions);
        if (!isExpected)
        {
            session.Refuse(FaultKind.TlsVerifyFailed, "no certificate can be for the name or address that it must be for");
        }

        return session;
    }

    /// <summary>What the certificate must be for. False where libssl does not take it: it would verify no name at all then.</summary>
    private bool Expect(nint ssl, string? name, EndPoint address)
    {
        var parameters = LibSsl.GetVerifyParameters(ssl);
        LibCrypto.SetHostFlags(parameters, NoPartialWildcards | NeverSubject);
        if (name is not null && !AddressText.TryParseIp(name, out _))
        {
            LibSsl.Control(ssl, LibSsl.ControlHostName, 0, name);
            return LibSsl.SetHost(ssl, name) == 1 || !Settings.Verifies;
        }

        return ((name ?? AddressOf(address)) is { } ip && LibCrypto.SetVerifiedAddress(parameters, ip) == 1) || !Settings.Verifies;
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlySet<EndPoint> addresses)
    {
        foreach (var (address, sessions) in _sessions)
        {
            if (!addresses.Contains(address) && _sessions.TryRemove(address, out _))
            {
                sessions.Forget();
            }
        }
    }

    // 1 keeps the reference that libssl gives. It must not throw: see SocketBio.
    [UnmanagedCallersOnly]
    private static int OnNewSession(nint ssl, nint session) => SocketBio.Current is { } current && current.Remember(session) ? 1 : 0;
}
