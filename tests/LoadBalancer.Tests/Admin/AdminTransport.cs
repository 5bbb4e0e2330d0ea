using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>A transport for the admin server: the engine's, or the platform's sockets, which must not make a difference.</summary>
internal sealed class AdminTransport : IDisposable
{
    private readonly LoopGroup? _loops;

    /// <summary>The transport of that name, <c>epoll</c> or <c>sockets</c>.</summary>
    public AdminTransport(string kind)
    {
        if (kind == "epoll")
        {
            _loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
            Factory = new EpollTransport(_loops, TimeSpan.FromSeconds(5));
        }
        else
        {
            Factory = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        }
    }

    /// <summary>Makes listening sockets.</summary>
    public IConnectionListenerFactory Factory { get; }

    /// <inheritdoc/>
    public void Dispose() => _loops?.Dispose();
}
