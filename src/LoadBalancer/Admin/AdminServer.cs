using System.Net;
using System.Net.Sockets;
using LoadBalancer.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// The operator's listener: Kestrel, built by hand on the given transport, with HTTP/1.1 and limits that fit a reader of
/// small pages. An instance serves one list of addresses, once.
/// </summary>
/// <remarks>Start and stop belong to one owner; pages are read on pool threads.</remarks>
internal sealed class AdminServer : IAsyncDisposable
{
    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly KestrelServer _server;
    private readonly AdminApplication _application;
    private readonly List<ListenOptions> _bound = [];

    /// <summary>A server that does not listen yet.</summary>
    /// <param name="addresses">IP addresses, port 0 for any, and Unix paths.</param>
    /// <param name="pages">What can be read.</param>
    /// <param name="actions">What can be changed.</param>
    /// <param name="gate">Who may; read once for each request.</param>
    /// <param name="refusals">Counts what is refused.</param>
    /// <param name="transport">Makes its listening sockets.</param>
    /// <param name="log">Takes changes, and what Kestrel warns of.</param>
    public AdminServer(
        IEnumerable<EndPoint> addresses, IReadOnlyList<IAdminPage> pages, IReadOnlyList<IAdminAction> actions, Live<AdminGate> gate,
        AdminRefusals refusals, IConnectionListenerFactory transport, LogSink log)
    {
        var options = new KestrelServerOptions { ApplicationServices = NoServices.Instance, AddServerHeader = false };
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.MaxRequestLineSize = 8 * 1024;
        options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        options.Limits.MaxRequestHeaderCount = 50;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        options.Limits.MaxConcurrentConnections = 100;
        options.Limits.MaxConcurrentUpgradedConnections = 0;
        foreach (var address in addresses)
        {
            options.Listen(address, Configure);
        }

        _application = new AdminApplication(pages, actions, gate, refusals, log);
        _server = new KestrelServer(Options.Create(options), transport, new LogSinkLoggerFactory(log));
    }

    /// <summary>Where it listens, after <see cref="StartAsync"/> with the ports that the kernel chose.</summary>
    public IReadOnlyList<EndPoint> Addresses => [.. _bound.Select(listen => listen.EndPoint)];

    /// <summary>Binds every address and serves. After a failure none is bound, and the instance is of no more use.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message says which, and why.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        try
        {
            await _server.StartAsync(_application, cancellation);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await _server.StopAsync(new CancellationToken(canceled: true));
            throw new IOException($"the admin listener cannot start: {error.Message}", error);
        }

        foreach (var path in _bound.Select(listen => listen.SocketPath).OfType<string>().Where(File.Exists))
        {
            // Whoever may write to the file may connect and read: the service's group. Changes need more, see AdminGate.
            SetMode(path);
        }
    }

    /// <summary>Stops accepting, lets answers that are on their way finish until <paramref name="deadline"/>, and closes the rest.</summary>
    public Task StopAsync(CancellationToken deadline) => _server.StopAsync(deadline);

    /// <summary>Closes everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
    }

    private static void SetMode(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, OwnerAndGroup);
        }
    }

    private void Configure(ListenOptions listen)
    {
        _bound.Add(listen);
        listen.Protocols = HttpProtocols.Http1;
        if (listen.EndPoint is UnixDomainSocketEndPoint)
        {
            listen.Use(next => connection =>
            {
                connection.Features.Set(LocalPeer.Of(connection));
                return next(connection);
            });
        }
    }
}
