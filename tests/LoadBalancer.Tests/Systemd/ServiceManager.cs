using System.Net.Sockets;
using System.Text;
using LoadBalancer.Daemon.Systemd;

namespace LoadBalancer.Daemon.Tests.Systemd;

/// <summary>The service manager's side of the protocols: a datagram socket that hears what the service says.</summary>
internal sealed class ServiceManager : IDisposable
{
    /// <summary>The id that the service takes for its own.</summary>
    public const int ServiceProcess = 4711;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };

    /// <summary>Listens at <paramref name="name"/>, a path or an abstract name behind <c>@</c>.</summary>
    public ServiceManager(string name)
    {
        _socket.Bind(new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name));
        Variables["NOTIFY_SOCKET"] = name;
    }

    /// <summary>The service's environment.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>The same, as the service gets it.</summary>
    public ServiceEnvironment Environment => ServiceEnvironment.Of(Variables, ServiceProcess);

    /// <summary>True where a message waits.</summary>
    public bool HasMessage => _socket.Available > 0;

    /// <summary>The next message.</summary>
    public string Receive()
    {
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, _socket.Receive(buffer));
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
