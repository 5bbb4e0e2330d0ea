using System.Net;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// The admin servers that run, one an address. A reload starts those of new addresses and stops those of addresses that are
/// gone; the others go on, and with them the request that may have asked for the reload. One reload at a time uses it.
/// </summary>
/// <param name="pages">What can be read.</param>
/// <param name="actions">What can be changed.</param>
/// <param name="transport">Makes listening sockets.</param>
/// <param name="refusals">Counts what is refused.</param>
/// <param name="time">The clock of the throttle on wrong tokens.</param>
/// <param name="log">Takes changes and warnings.</param>
internal sealed class AdminHost(
    IReadOnlyList<IAdminPage> pages, IReadOnlyList<IAdminAction> actions, IConnectionListenerFactory transport, AdminRefusals refusals, TimeProvider time, LogSink log)
    : IAsyncDisposable
{
    /// <summary>What an answer that is under way has to finish, where somebody waits for the address.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The same where nobody does: it may be the answer to whoever asked for this reload, which is not at its end yet.</summary>
    private static readonly TimeSpan Leisure = TimeSpan.FromSeconds(30);

    private readonly Dictionary<EndPoint, AdminServer> _servers = [];
    private readonly Live<AdminGate> _gate = new(new AdminGate(new AdminOptions(), [], 0, new TokenThrottle(time)));
    private readonly TokenThrottle _throttle = new(time);
    private readonly CancellationTokenSource _ending = new();
    private Task _stopping = Task.CompletedTask;
    private bool _hasEnded;

    /// <summary>Serves as <paramref name="options"/> say. After a failure it serves as before.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message says which, and why.</exception>
    public async Task ApplyAsync(AdminOptions options)
    {
        var wanted = options.Bind.Items.Distinct().ToList();
        var added = wanted.Where(address => !_servers.ContainsKey(address)).ToList();
        var gone = _servers.Keys.Except(wanted).ToList();
        if (_servers.Count == 0)
        {
            // Nobody is asked before it is known who may ask.
            Open(options);
        }

        try
        {
            await StartAsync(added);
        }
        catch (IOException) when (gone.Count > 0)
        {
            // One of those that go may be in the way, as 127.0.0.1:9090 is in the way of :9090.
            await StopAsync(gone, Patience);
            try
            {
                await StartAsync(added);
            }
            catch (IOException)
            {
                await StartAsync(gone);
                throw;
            }
        }

        Open(options);
        _stopping = Task.WhenAll(_stopping, StopAsync(gone, Leisure));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        _ending.CancelAfter(Patience);
        await _stopping;
        await StopAsync([.. _servers.Keys], Patience);
        _ending.Dispose();
    }

    private void Open(AdminOptions options) => _gate.Swap(new AdminGate(options, [Environment.MachineName], Libc.EffectiveUser(), _throttle));

    private async Task StartAsync(List<EndPoint> addresses)
    {
        var started = new List<EndPoint>();
        foreach (var address in addresses)
        {
            var server = new AdminServer([address], pages, actions, _gate, refusals, transport, log);
            try
            {
                await server.StartAsync(CancellationToken.None);
            }
            catch (IOException)
            {
                await server.DisposeAsync();
                await StopAsync(started, Patience);
                throw;
            }

            _servers.Add(address, server);
            started.Add(address);
        }
    }

    private async Task StopAsync(List<EndPoint> addresses, TimeSpan patience)
    {
        var servers = addresses.Select(address => _servers.Remove(address, out var server) ? server : null).OfType<AdminServer>().ToList();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        deadline.CancelAfter(patience);
        await Task.WhenAll(servers.Select(server => server.StopAsync(deadline.Token)));
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }
}
