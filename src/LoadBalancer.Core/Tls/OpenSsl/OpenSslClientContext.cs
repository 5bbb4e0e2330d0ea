using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>A client's side of TLS by libssl.</summary>
internal sealed unsafe class OpenSslClientContext : TlsClientContext
{
    private const uint NoPartialWildcards = 4;

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
        var name = Settings.ServerName;
        if (name is not null && !IPAddress.TryParse(name, out _))
        {
            LibSsl.Control(ssl, LibSsl.ControlHostName, 0, name);
            LibCrypto.SetHostFlags(LibSsl.GetVerifyParameters(ssl), NoPartialWildcards);
            LibSsl.SetHost(ssl, name);
        }
        else if ((name ?? (address as IPEndPoint)?.Address.ToString()) is { } ip)
        {
            LibCrypto.SetVerifiedAddress(LibSsl.GetVerifyParameters(ssl), ip);
        }

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
        return new OpenSslSession(context: null, ssl, socket, sessions);
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
