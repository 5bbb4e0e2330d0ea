using System.Collections.Concurrent;
using System.Net;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>Connects that a test lets succeed or be refused, by address; they succeed unless told otherwise.</summary>
internal sealed class ScriptedConnections : IConnectionFactory
{
    private readonly ConcurrentDictionary<EndPoint, bool> _refused = new();
    private int _attempts;

    public int Attempts => _attempts;

    public void Refuse(EndPoint address) => _refused[address] = true;

    public void Accept(EndPoint address) => _refused[address] = false;

    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _attempts);
        return _refused.GetValueOrDefault(endpoint)
            ? throw new ConnectFailedException(endpoint, new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true))
            : ValueTask.FromResult<ConnectionContext>(new DefaultConnectionContext());
    }
}
