using System.Collections.Immutable;
using LoadBalancer.Connections;
using LoadBalancer.Daemon.Listening;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>What a listener gets when its configuration takes effect.</summary>
/// <param name="Listener">The listener, which may be running.</param>
/// <param name="Handler">What it does with connections from then on.</param>
/// <param name="Sockets">Where it accepts.</param>
/// <param name="MaxConnections">Its bound.</param>
internal sealed record PendingListener(Listener Listener, ConnectionHandler Handler, ImmutableArray<ListeningSocket> Sockets, int MaxConnections);
