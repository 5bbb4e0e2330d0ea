using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A bound address with an acceptor on each loop. Each loop has a socket of its own in a SO_REUSEPORT group; a Unix
/// socket, or one of the service manager, is one socket watched by all loops. Thread-safe.
/// </summary>
internal sealed class EpollListener
{
    private readonly EpollAcceptor[] _acceptors;
    private readonly int[] _descriptors;
    private readonly bool _ownsFile;
    private volatile bool _held;
    private int _closed;

    private EpollListener(ReadOnlySpan<EventLoop> loops, EndPoint address, int[] descriptors, IConnectionSink sink, bool ownsFile, bool held = false)
    {
        _ownsFile = ownsFile;
        _held = held;
        Address = address;
        _descriptors = descriptors;

        // Every socket has a reader and every loop a socket, whatever number of loops the group was made for: what the kernel gives to a
        // member that nobody reads is lost.
        _acceptors = new EpollAcceptor[Math.Max(loops.Length, descriptors.Length)];
        var all = loops.ToArray();
        DescriptorLimit.NoteListening(descriptors.Length);
        for (var index = 0; index < _acceptors.Length; index++)
        {
            _acceptors[index] = new EpollAcceptor(all[index % all.Length], all, descriptors[index % descriptors.Length], sink, shared: IsShared);
        }
    }

    private bool IsShared => _descriptors.Length < _acceptors.Length;

    /// <summary>The address, with the port that the kernel chose where 0 was asked for.</summary>
    public EndPoint Address { get; }

    /// <summary>Binds <paramref name="address"/>; nothing is accepted before <see cref="Start"/>, but the kernel queues connections.</summary>
    /// <param name="loops">The loops that accept.</param>
    /// <param name="address">An IP address, port 0 for any, or a Unix path; a dead socket in the way of the path is removed.</param>
    /// <param name="sink">Who takes the connections.</param>
    /// <param name="besideOurs">True where a listener of ours holds the port at a wider or narrower address (0.0.0.0 and 127.0.0.1).</param>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public static EpollListener Bind(ReadOnlySpan<EventLoop> loops, EndPoint address, IConnectionSink sink, bool besideOurs = false)
    {
        if (address is UnixDomainSocketEndPoint unix)
        {
            UnixSocketFile.RemoveDead(unix);
        }

        // With one loop too: only then can a reload bind a wider address beside a narrower one, before that is closed.
        var shared = address is IPEndPoint;
        if (shared && !besideOurs)
        {
            // A group of reuseport sockets would let another process of the same user join it, and take half of the connections.
            SocketSetup.ThrowIfInUse(address);
        }

        var bound = address;
        var descriptors = new List<int>();
        try
        {
            while (descriptors.Count < (shared ? loops.Length : 1))
            {
                descriptors.Add(SocketSetup.NewListening(bound, shared));
                bound = SocketSetup.LocalAddress(descriptors[0]) ?? address;
            }
        }
        catch (IOException)
        {
            descriptors.ForEach(descriptor => Libc.Close(descriptor));
            throw;
        }

        return new EpollListener(loops, bound, [.. descriptors], sink, ownsFile: true);
    }

    /// <summary>Takes over a listening socket that was inherited from the service manager; it owns the descriptor from here on.</summary>
    /// <param name="loops">The loops that accept.</param>
    /// <param name="descriptor">A listening stream socket.</param>
    /// <param name="sink">Who takes the connections.</param>
    /// <exception cref="IOException">It is not a socket.</exception>
    public static EpollListener Inherit(ReadOnlySpan<EventLoop> loops, int descriptor, IConnectionSink sink) =>
        Inherit(loops, [descriptor], sink, ownsFile: false, held: false);

    /// <summary>Takes over the listening sockets of another process at one address; it owns the descriptors from here on.</summary>
    /// <param name="loops">The loops that accept, be they as many as those of the other process or not.</param>
    /// <param name="descriptors">All members of the group.</param>
    /// <param name="sink">Who takes the connections.</param>
    /// <param name="ownsFile">True where the file of a Unix socket goes with it.</param>
    /// <param name="held">True where <see cref="Start"/> has no effect before <see cref="Release"/>.</param>
    /// <exception cref="IOException">They are no sockets.</exception>
    public static EpollListener Inherit(ReadOnlySpan<EventLoop> loops, int[] descriptors, IConnectionSink sink, bool ownsFile, bool held)
    {
        var address = SocketSetup.LocalAddress(descriptors[0]) ?? throw new IOException($"descriptor {descriptors[0]} is not a listening socket");
        foreach (var descriptor in descriptors)
        {
            SocketSetup.InheritToAccepted(descriptor, address is IPEndPoint);
            SocketSetup.MakeNonBlocking(descriptor);
        }

        return new EpollListener(loops, address, descriptors, sink, ownsFile, held);
    }

    /// <summary>True where it accepts no more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Its sockets, which stay its own: another process may be given copies.</summary>
    public ReadOnlySpan<int> Descriptors => _descriptors;

    /// <summary>Begins to accept, or goes on after <see cref="Pause"/>.</summary>
    public void Start()
    {
        if (!_held)
        {
            PostToAll(static acceptor => ((EpollAcceptor)acceptor!).Start());
        }
    }

    /// <summary>Accepts, where it was held until now.</summary>
    public void Release()
    {
        _held = false;
        Start();
    }

    /// <summary>Leaves new connections in the kernel's queue until <see cref="Start"/>.</summary>
    public void Pause() => PostToAll(static acceptor => ((EpollAcceptor)acceptor!).Pause());

    /// <summary>Accepts what waits and closes the sockets. Connections that were accepted go on. May be called again.</summary>
    public Task CloseAsync() => EndAsync(handedOver: false);

    /// <summary>
    /// Leaves the sockets, and what waits in them, to another process that has copies of them. Connections that were accepted go on; nothing
    /// is left to close.
    /// </summary>
    public Task HandOverAsync() => EndAsync(handedOver: true);

    private async Task EndAsync(bool handedOver)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        // Each of a group is closed with its own last accept: who comes later is given to the others. What several loops watch is
        // closed when the last has let go.
        var shared = IsShared;
        foreach (var acceptor in _acceptors)
        {
            await acceptor.Loop.RunAsync(
                handedOver
                    ? acceptor => ((EpollAcceptor)acceptor!).Leave(closesDescriptor: !shared)
                    : acceptor => ((EpollAcceptor)acceptor!).Close(closesDescriptor: !shared),
                acceptor).ConfigureAwait(false);
        }

        foreach (var descriptor in shared ? _descriptors : [])
        {
            Libc.Close(descriptor);
        }

        DescriptorLimit.NoteListening(-_descriptors.Length);
        if (_ownsFile && !handedOver && Address is UnixDomainSocketEndPoint unix)
        {
            UnixSocketFile.Remove(unix);
        }
    }

    private void PostToAll(Action<object?> call)
    {
        foreach (var acceptor in _acceptors)
        {
            acceptor.Loop.Post(call, acceptor);
        }
    }
}
