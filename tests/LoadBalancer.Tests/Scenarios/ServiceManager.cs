using System.Net.Sockets;
using System.Text;
using LoadBalancer.Daemon.Systemd;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The service manager's side of sd_notify: what a daemon says to it, in order.</summary>
internal sealed class ServiceManager : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];

    public ServiceManager(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(Path));
    }

    /// <summary>The value of NOTIFY_SOCKET.</summary>
    public string Path { get; }

    /// <summary>The environment of a service in this process.</summary>
    public ServiceEnvironment Environment => ServiceEnvironment.Of(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = Path }, System.Environment.ProcessId);

    /// <summary>The next message with <paramref name="assignment"/> in it; those before it are passed over.</summary>
    public Task<string> WaitForAsync(string assignment) => WaitForAsync(line => line == assignment);

    /// <summary>The next message with a line that begins so.</summary>
    public Task<string> WaitForLineAsync(string begin) => WaitForAsync(line => line.StartsWith(begin, StringComparison.Ordinal));

    public void Dispose() => _socket.Dispose();

    private async Task<string> WaitForAsync(Func<string, bool> isMeant)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var length = await _socket.ReceiveAsync(_buffer, patience.Token);
            var message = Encoding.UTF8.GetString(_buffer, 0, length);
            if (message.Split('\n').Any(isMeant))
            {
                return message;
            }
        }
    }
}
