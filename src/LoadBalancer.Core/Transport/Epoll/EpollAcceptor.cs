using System.Net;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A listening socket on one loop: accepts and hands each connection over on that loop. Touched only on its loop.
/// </summary>
/// <remarks>
/// Level-triggered, unlike connections: while it is paused its descriptor is taken out of the epoll, and what waits in
/// the kernel's queue is told again when it resumes.
/// </remarks>
internal sealed unsafe class EpollAcceptor : LoopSource
{
    /// <summary>Accepted in one go before the connections that are there get their turn.</summary>
    private const int AcceptBudget = 64;

    /// <summary>How soon accepting is tried again after descriptors or kernel memory ran out, in milliseconds.</summary>
    private const int RetryAfterMs = 100;

    /// <summary>How soon it is looked whether a client has left, where there are as many as the descriptors allow.</summary>
    private const int RoomAfterMs = TimerWheel.TickMs;

    private readonly EventLoop[] _loops;
    private readonly int _descriptor;
    private readonly IConnectionSink _sink;
    private readonly EpollFlags _interest;
    private readonly LoopTimer _retry;
    private bool _paused = true;
    private bool _closed;

    /// <summary>An acceptor that does nothing before <see cref="Start"/>.</summary>
    /// <param name="loop">The loop that its connections will live on.</param>
    /// <param name="loops">All loops that accept, itself among them.</param>
    /// <param name="descriptor">A listening socket; the listener closes it.</param>
    /// <param name="sink">Who takes the connections.</param>
    /// <param name="shared">True where other loops watch the same descriptor: one connection then wakes one of them.</param>
    public EpollAcceptor(EventLoop loop, EventLoop[] loops, int descriptor, IConnectionSink sink, bool shared)
    {
        Loop = loop;
        _loops = loops;
        _descriptor = descriptor;
        _sink = sink;
        _interest = EpollFlags.In | (shared ? EpollFlags.Exclusive : EpollFlags.None);
        _retry = new LoopTimer(static owner => ((EpollAcceptor)owner).Retry(), this);
    }

    /// <summary>The loop that its connections live on.</summary>
    public EventLoop Loop { get; }

    /// <summary>Begins, or goes on after <see cref="Pause"/>.</summary>
    public void Start()
    {
        _paused = false;
        Watch();
    }

    /// <summary>Leaves new connections in the kernel's queue until <see cref="Start"/>.</summary>
    public void Pause()
    {
        _paused = true;
        Loop.Cancel(_retry);
        Loop.Remove(this, _descriptor);
    }

    /// <summary>Accepts what waits, unless it is paused, and ends.</summary>
    /// <param name="closesDescriptor">True where no other loop watches the descriptor, which is closed with it; else it may be closed when all have ended.</param>
    public void Close(bool closesDescriptor)
    {
        Loop.Remove(this, _descriptor);

        // To the end of the queue, whatever the budget, and nothing between that and the close: what comes in between is reset.
        while (!_paused && !_closed && AcceptWaiting())
        {
        }

        Leave(closesDescriptor);
    }

    /// <summary>Ends; what waits in the kernel's queue is for others who have the socket.</summary>
    /// <param name="closesDescriptor">As with <see cref="Close"/>.</param>
    public void Leave(bool closesDescriptor)
    {
        // The kernel forgets a socket that others have only where it is told to.
        Loop.Remove(this, _descriptor);
        if (closesDescriptor && !_closed)
        {
            Libc.Close(_descriptor);
        }

        _closed = _paused = true;
        Loop.Cancel(_retry);
    }

    internal override void OnEvents(EpollFlags events) => AcceptWaiting();

    internal override void OnUnhandledError()
    {
        // The connection whose handler failed is lost; those after it are not.
    }

    private void Watch()
    {
        if (!_closed && Slot < 0 && Loop.Add(this, _descriptor, _interest) != Errno.None)
        {
            Loop.Schedule(_retry, RetryAfterMs);
        }
    }

    // The queue would be announced again at once, for ever: it is looked at again when something may be free.
    private void RunOut(string why, int retryAfterMs = RetryAfterMs)
    {
        Loop.Remove(this, _descriptor);
        Loop.Schedule(_retry, retryAfterMs);
        _sink.OnAcceptFailed(why);
    }

    private void Retry()
    {
        if (_paused)
        {
            return;
        }

        if (!HasRoomForAnother())
        {
            Loop.Schedule(_retry, RoomAfterMs);
        }
        else if (DescriptorLimit.HasRoom(_descriptor, Bound))
        {
            Watch();
        }
        else
        {
            Loop.Schedule(_retry, RetryAfterMs);
        }
    }

    /// <summary>The number at which the descriptor of a connection says that accepting should pause.</summary>
    private int Bound => _sink.MayUseReserve ? DescriptorLimit.StopAt : DescriptorLimit.PauseAt;

    // The loops look at the same time, so it may be exceeded by one for each loop but one.
    private bool HasRoomForAnother()
    {
        var clients = 0;
        foreach (var loop in _loops)
        {
            clients += loop.Clients;
        }

        return clients < DescriptorLimit.MostClients(_loops.Length) || _sink.MayUseReserve;
    }

    /// <summary>Accepts within the budget; true where that is spent and more may wait.</summary>
    private bool AcceptWaiting()
    {
        var bytes = stackalloc byte[SocketConstants.AddressBytes];
        for (var budget = AcceptBudget; budget > 0 && !_paused; budget--)
        {
            if (!_sink.MayAccept())
            {
                Pause();
                return false;
            }

            if (!HasRoomForAnother())
            {
                RunOut(AcceptError.TooManyClients, RoomAfterMs);
                return false;
            }

            var length = SocketConstants.AddressBytes;
            var descriptor = Libc.Accept(_descriptor, bytes, &length, SocketConstants.TypeNonBlocking | SocketConstants.TypeCloseOnExec);
            if (descriptor < 0)
            {
                var error = Libc.LastErrno;
                if (AcceptError.IsOfOneConnection(error))
                {
                    continue;
                }

                if (error != Errno.Again)
                {
                    RunOut(AcceptError.Explain(error));
                }

                return false;
            }

            Accept(descriptor, NativeAddress.Read(new ReadOnlySpan<byte>(bytes, length)));
            if (descriptor >= Bound && !_paused)
            {
                RunOut(AcceptError.Explain(Errno.TooManyFiles));
                return false;
            }
        }

        return !_paused;
    }

    private void Accept(int descriptor, EndPoint? remote)
    {
        var socket = EpollSocket.TryAttach(Loop, descriptor, Unobserved.Instance, connected: true, out var error);
        if (socket is null)
        {
            _sink.OnAcceptFailed(AcceptError.Explain(error));
            return;
        }

        if (!_sink.MayUseReserve)
        {
            socket.CountAsClient();
        }

        _sink.OnAccepted(new EpollConnection(socket, remote));
    }

    /// <summary>Hears of a socket that nobody has taken yet; its flags keep what was said.</summary>
    private sealed class Unobserved : IReadinessObserver
    {
        public static Unobserved Instance { get; } = new();

        public void OnReady(EpollSocket socket)
        {
        }

        public void OnUnhandledError(EpollSocket socket) => socket.Reset();
    }
}
