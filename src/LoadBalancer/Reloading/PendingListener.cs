using System.Collections.Immutable;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Tcp;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>What a listener gets when its configuration takes effect.</summary>
/// <param name="Listener">The listener, which may be running.</param>
/// <param name="Proxy">What it does with connections from then on.</param>
/// <param name="Sockets">Where it accepts.</param>
/// <param name="MaxConnections">Its bound, lowered to what the limit of descriptors allows.</param>
internal sealed record PendingListener(Listener Listener, TcpProxy Proxy, ImmutableArray<ListeningSocket> Sockets, int MaxConnections);
