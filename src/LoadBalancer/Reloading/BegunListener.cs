using System.Collections.Immutable;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>A listener of the next configuration that is bound, before anybody knows what it does with connections.</summary>
/// <param name="Listener">The listener, which may be running.</param>
/// <param name="Options">What the file says of it.</param>
/// <param name="Tls">How its clients speak TLS; null where they do not.</param>
/// <param name="Sockets">Where it accepts.</param>
internal sealed record BegunListener(Listener Listener, ListenerOptions Options, TlsTermination? Tls, ImmutableArray<ListeningSocket> Sockets);
