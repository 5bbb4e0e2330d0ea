using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Systemd;

/// <summary>
/// The listening sockets that the service manager opened for us (sd_listen_fds(3)): descriptors from 3 on, as many as
/// LISTEN_FDS says. With them a port below 1024 needs no privilege, and connections wait in the kernel while the service
/// restarts.
/// </summary>
/// <remarks>
/// Not thread-safe; used at start and at reload. It owns the descriptors until it is disposed, and a listener gets a
/// duplicate that it owns and closes like any other: so one that a reload removed can come back at the next. None of them
/// is inherited by children, and the environment variables are removed.
/// </remarks>
internal sealed class ActivatedSockets : IDisposable
{
    /// <summary>The descriptor after standard error, where the protocol begins.</summary>
    private const int First = 3;

    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    private ActivatedSockets(IReadOnlyList<ActivatedSocket> sockets) => All = sockets;

    /// <summary>The sockets, in the order of the socket unit; empty where the service was not activated by one.</summary>
    public IReadOnlyList<ActivatedSocket> All { get; }

    /// <summary>Takes the sockets that <paramref name="environment"/> names, if they are for this process.</summary>
    /// <param name="environment">LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES; they are removed.</param>
    /// <param name="first">The first descriptor; tests pass another.</param>
    /// <exception cref="InvalidDataException">The variables make no sense, or a descriptor is not a listening stream socket; the message says what to do.</exception>
    public static ActivatedSockets FromEnvironment(ServiceEnvironment environment, int first = First)
    {
        var count = environment.Take("LISTEN_FDS");
        var process = environment.Take("LISTEN_PID");
        var names = environment.Take("LISTEN_FDNAMES")?.Split(':') ?? [];
        environment.Take("LISTEN_PIDFDID");
        if (count is null || process != environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return new ActivatedSockets([]);
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var sockets) || sockets > short.MaxValue)
        {
            throw new InvalidDataException($"LISTEN_FDS={count} is not a number of descriptors; the service manager should set it");
        }

        return new ActivatedSockets([.. Enumerable.Range(0, sockets).Select(index => Inspect(first + index, names.ElementAtOrDefault(index) ?? "unknown"))]);
    }

    /// <summary>Those that another process had of the service manager and handed over; they are owned from here on.</summary>
    /// <exception cref="InvalidDataException">One is not a listening stream socket.</exception>
    public static ActivatedSockets Of(IEnumerable<(int Descriptor, string Name)> sockets) => new([.. sockets.Select(socket => Inspect(socket.Descriptor, socket.Name))]);

    /// <summary>True where a socket of the service manager's listens at <paramref name="address"/>, whose file then is its own too.</summary>
    public bool Has(EndPoint address) => All.Any(socket => socket.Address.Equals(address));

    /// <summary>
    /// A descriptor, owned by the caller, of the socket that listens at <paramref name="address"/>; null where there is
    /// none. A socket of all IPv6 addresses that takes IPv4 clients too serves for <c>0.0.0.0</c>, which could not be bound beside it.
    /// </summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
    public int? Open(EndPoint address)
    {
        var socket = All.FirstOrDefault(socket => socket.Address.Equals(address)) ?? All.FirstOrDefault(socket => socket.Serves(address));
        if (socket is null)
        {
            return null;
        }

        var descriptor = Libc.FileControl(socket.Descriptor, SocketConstants.DuplicateCloseOnExec, First);
        return descriptor >= 0 ? descriptor : throw new IOException($"cannot duplicate the activated socket at {address}: {Libc.LastErrno}");
    }

    /// <summary>Closes the descriptors that it owns.</summary>
    public void Dispose()
    {
        foreach (var socket in All)
        {
            Libc.Close(socket.Descriptor);
        }
    }

    private static ActivatedSocket Inspect(int descriptor, string name)
    {
        if (Libc.FileControl(descriptor, SetDescriptorFlags, CloseOnExec) < 0)
        {
            throw new InvalidDataException($"the service manager promised descriptor {descriptor} ('{name}', LISTEN_FDS), but it is not open");
        }

        try
        {
            using var view = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
            var listens = (int)view.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)! != 0;
            if (listens && view is { SocketType: SocketType.Stream, LocalEndPoint: { } address })
            {
                return new ActivatedSocket(descriptor, name, address, view is { AddressFamily: AddressFamily.InterNetworkV6, DualMode: true });
            }
        }
        catch (SocketException)
        {
            // Not a socket at all, or of a family that the platform does not know: the same answer.
        }

        throw new InvalidDataException($"descriptor {descriptor} ('{name}', LISTEN_FDS) is not a listening stream socket: the socket unit needs ListenStream=, and Accept=no");
    }
}
