using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>A client's side of TLS, towards one upstream. Immutable but for the sessions that it remembers, and thread-safe.</summary>
/// <param name="settings">What it is made of.</param>
internal abstract class TlsClientContext(TlsClientSettings settings)
{
    /// <summary>What it was made of.</summary>
    public TlsClientSettings Settings => settings;

    /// <summary>The IP address that an endpoint's certificate must be for where nobody gives it a name, without the zone of a link-local one, which is a word of this machine's alone; null where it has none.</summary>
    public static string? AddressOf(EndPoint endpoint) => (endpoint as IPEndPoint)?.Address.ToString().Split('%')[0];

    /// <summary>A session with the endpoint that <paramref name="socket"/> is connected to; on the socket's loop.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="address">What it is connected to.</param>
    /// <param name="protocols">What is offered to be spoken inside, the preferred first; empty where ALPN is not used.</param>
    public abstract TlsSession NewSession(EpollSocket socket, EndPoint address, ImmutableArray<ApplicationProtocol> protocols);

    /// <summary>Forgets the sessions with endpoints that are gone.</summary>
    public abstract void Keep(IReadOnlySet<EndPoint> addresses);
}
