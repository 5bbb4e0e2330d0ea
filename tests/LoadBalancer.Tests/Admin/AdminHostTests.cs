using System.Net;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Daemon.Tests.Admin;

internal sealed class AdminHostTests
{
    [Test]
    public async Task Off_listens_nowhere()
    {
        var transport = new RefusingTransport();
        await using var host = new AdminHost([], [], transport, new AdminRefusals(TimeProvider.System), TimeProvider.System, LogSink.Silent);
        await host.ApplyAsync(new AdminOptions { Bind = [] });
        Assert.That(transport.Asked, Is.Empty);
    }

    [Test]
    public async Task An_address_that_cannot_be_bound_is_an_error_that_names_it()
    {
        await using var host = new AdminHost([], [], new RefusingTransport(), new AdminRefusals(TimeProvider.System), TimeProvider.System, LogSink.Silent);
        var error = Assert.ThrowsAsync<IOException>(() => host.ApplyAsync(new AdminOptions { Bind = [new IPEndPoint(IPAddress.Loopback, 1)] }));
        Assert.That(error!.Message, Does.StartWith("the admin listener cannot start").And.Contain("127.0.0.1:1"));
    }

    /// <summary>A transport that binds nothing and remembers what it was asked for.</summary>
    private sealed class RefusingTransport : IConnectionListenerFactory
    {
        public List<EndPoint> Asked { get; } = [];

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            Asked.Add(endpoint);
            throw new IOException($"cannot listen on {endpoint}");
        }
    }
}
