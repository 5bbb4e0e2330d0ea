using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>What builds the TLS of listeners in a test that has its parts by hand.</summary>
internal static class Terminations
{
    public static TlsTerminationBuilder On(LoopGroup loops) => new(new OpenSslEngine(), new HandshakePaces(loops.Loops, TimeProvider.System), TimeProvider.System);
}
