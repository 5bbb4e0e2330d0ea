using System.Net;
using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// One connect with a deadline, on the loop that asks for it and that the socket then lives on. Every way in which it can
/// fail is retryable: nothing was sent. Touched only on its loop.
/// </summary>
internal sealed class ConnectAttempt : IReadinessObserver, IValueTaskSource<ConnectResult>
{
    private readonly EventLoop _loop;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<ConnectResult> _completion;
    private CancellationTokenRegistration _cancellation;
    private EpollSocket? _socket;
    private bool _done;

    private ConnectAttempt(EventLoop loop)
    {
        _loop = loop;
        _deadline = new LoopTimer(static owner => ((ConnectAttempt)owner).GiveUp(), this);
    }

    /// <summary>Connects to <paramref name="address"/>; completes inline on the loop, at the latest after <paramref name="timeout"/>.</summary>
    /// <param name="loop">The loop of the calling thread.</param>
    /// <param name="address">An IP or Unix address.</param>
    /// <param name="timeout">The deadline, within a tick of <see cref="TimerWheel.TickMs"/>.</param>
    /// <param name="cancellationToken">Ends it early, with the same result as the deadline.</param>
    public static ValueTask<ConnectResult> StartAsync(EventLoop loop, EndPoint address, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        StartAsync(loop, address, timeout, out _, cancellationToken);

    /// <summary>As above, for an owner on the loop who may give it up.</summary>
    /// <param name="loop">The loop of the calling thread.</param>
    /// <param name="address">An IP or Unix address.</param>
    /// <param name="timeout">The deadline.</param>
    /// <param name="underWay">The attempt; null where it ended at once.</param>
    /// <param name="cancellationToken">Ends it early, with the same result as the deadline.</param>
    public static ValueTask<ConnectResult> StartAsync(
        EventLoop loop, EndPoint address, TimeSpan timeout, out ConnectAttempt? underWay, CancellationToken cancellationToken = default)
    {
        loop.AssertInLoop();
        underWay = null;
        var descriptor = SocketSetup.NewStream(address);
        if (descriptor < 0)
        {
            return ValueTask.FromResult(new ConnectResult(null, ToFault(Libc.LastErrno)));
        }

        if (descriptor >= DescriptorLimit.StopAt)
        {
            Libc.Close(descriptor);
            return ValueTask.FromResult(new ConnectResult(null, ToFault(Errno.TooManyFiles)));
        }

        if (address is IPEndPoint)
        {
            SocketSetup.NoDelay(descriptor);
            SocketSetup.AskWhetherItIsThere(descriptor);
        }

        var error = Connect(descriptor, address);
        if (error is not (Errno.None or Errno.InProgress))
        {
            Libc.Close(descriptor);
            return ValueTask.FromResult(new ConnectResult(null, ToFault(error)));
        }

        var attempt = new ConnectAttempt(loop);
        attempt._socket = EpollSocket.TryAttach(loop, descriptor, attempt, connected: error == Errno.None, out error);
        if (attempt._socket is null)
        {
            return ValueTask.FromResult(new ConnectResult(null, ToFault(error)));
        }

        if (attempt._socket.IsWritable)
        {
            attempt._done = true;
            return ValueTask.FromResult(new ConnectResult(attempt._socket, Fault.None));
        }

        underWay = attempt;
        loop.Schedule(attempt._deadline, timeout);
        if (cancellationToken.CanBeCanceled)
        {
            attempt._cancellation = cancellationToken.UnsafeRegister(
                static attempt => ((ConnectAttempt)attempt!)._loop.Post(static attempt => ((ConnectAttempt)attempt!).GiveUp(), attempt), attempt);
        }

        return new ValueTask<ConnectResult>(attempt, attempt._completion.Version);
    }

    /// <summary>Ends it with the same result as the deadline, unless it has ended. On the loop; whoever waits goes on inline.</summary>
    public void GiveUp()
    {
        if (!_done)
        {
            _socket!.Close();
            Finish(new ConnectResult(null, ToFault(Errno.TimedOut)));
        }
    }

    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        if (_done || !(socket.IsWritable || socket.HasError))
        {
            return;
        }

        // The edge tells success from failure; SO_ERROR is asked for only to learn which failure.
        var error = socket.HasError ? socket.TakeError() : Errno.None;
        if (error == Errno.None)
        {
            Finish(new ConnectResult(socket, Fault.None));
        }
        else
        {
            socket.Close();
            Finish(new ConnectResult(null, ToFault(error)));
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket)
    {
        socket.Close();
        if (!_done)
        {
            Finish(new ConnectResult(null, new Fault(FaultSide.Internal, FaultKind.Bug, Retryable: true)));
        }
    }

    ConnectResult IValueTaskSource<ConnectResult>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ConnectResult>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<ConnectResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Finish(ConnectResult result)
    {
        _done = true;
        _loop.Cancel(_deadline);
        _cancellation.Dispose();
        _completion.SetResult(result);
    }

    private static unsafe Errno Connect(int descriptor, EndPoint address)
    {
        var bytes = stackalloc byte[SocketConstants.AddressBytes];
        var length = NativeAddress.Write(address, new Span<byte>(bytes, SocketConstants.AddressBytes));
        if (Libc.Connect(descriptor, bytes, length) == 0)
        {
            return Errno.None;
        }

        // An interrupted connect goes on by itself and must not be made again (connect(2), EINTR).
        var error = Libc.LastErrno;
        return error == Errno.Interrupted ? Errno.InProgress : error;
    }

    private static Fault ToFault(Errno error) => error switch
    {
        Errno.TimedOut => new Fault(FaultSide.Upstream, FaultKind.ConnectTimeout, Retryable: true),
        Errno.HostUnreachable or Errno.NetworkUnreachable => new Fault(FaultSide.Upstream, FaultKind.ConnectUnreachable, Retryable: true),

        // AddressNotAvailable: no local port is left towards this address; another endpoint may have some.
        Errno.TooManyFiles or Errno.TooManyFilesInSystem or Errno.OutOfMemory or Errno.NoBuffers or Errno.AddressNotAvailable or Errno.NoSpace =>
            new Fault(FaultSide.Internal, FaultKind.OutOfResources, Retryable: true),

        // Refused, reset during the handshake, no such Unix path, or its backlog is full (EAGAIN, connect(2)).
        _ => new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true),
    };
}
