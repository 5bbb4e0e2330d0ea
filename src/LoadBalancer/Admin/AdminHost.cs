using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Daemon.Admin;

/// <summary>The admin server that runs, replaced when a reload changes its addresses. One reload at a time uses it.</summary>
internal sealed class AdminHost(IReadOnlyList<IAdminPage> pages, IConnectionListenerFactory transport, LogSink log) : IAsyncDisposable
{
    /// <summary>What an answer that is under way has to finish.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private AdminServer? _server;
    private AdminOptions? _options;

    /// <summary>Serves as <paramref name="options"/> say. After a failure it serves as before.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message says which, and why.</exception>
    public async Task ApplyAsync(AdminOptions options)
    {
        if (options == _options)
        {
            return;
        }

        // The old one goes first, since the new one may want one of its addresses.
        var before = _options;
        await StopAsync();
        try
        {
            await StartAsync(options);
        }
        catch (IOException)
        {
            if (before is not null)
            {
                await StartAsync(before);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task StartAsync(AdminOptions options)
    {
        if (options.Bind.Count == 0)
        {
            // Off. Kestrel without an address would listen on one of its own choice.
            _options = options;
            return;
        }

        var server = new AdminServer(options.Bind, [Environment.MachineName], pages, transport, log);
        try
        {
            await server.StartAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            await server.DisposeAsync();
            throw;
        }

        _server = server;
        _options = options;
    }

    private async Task StopAsync()
    {
        _options = null;
        if (_server is { } server)
        {
            _server = null;
            using var deadline = new CancellationTokenSource(Patience);
            await server.StopAsync(deadline.Token);
            await server.DisposeAsync();
        }
    }
}
