// One file: the calls of one descriptor, each of which says what it learnt of the edges that the others go by.

using System.Net;
using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A stream socket on a loop. Registered once, edge-triggered; it remembers what the edges said, so that a call which
/// would only return EAGAIN is not made. Touched only on its loop.
/// </summary>
/// <remarks>
/// A read that fills less than its buffer has emptied the kernel's: no second recv is made to hear EAGAIN, unless the
/// peer has finished, whose end of stream (0) has to be read (epoll(7), "Q9"), or has sent urgent data, at which a read
/// stops early. An urgent byte itself is no part of the stream, and is not passed on (tcp(7)).
/// </remarks>
internal sealed unsafe class EpollSocket : LoopSource
{
    /// <summary>What <see cref="Receive"/> and <see cref="Send(ReadOnlySpan{byte}, bool)"/> return when the call would block.</summary>
    public const int WouldBlock = -1;

    /// <summary>What <see cref="Receive"/> and <see cref="Send(ReadOnlySpan{byte}, bool)"/> return when the connection has failed; <see cref="Error"/> says why.</summary>
    public const int Failed = -2;

    private readonly int _descriptor;
    private IReadinessObserver _observer;
    private SocketCipher? _cipher;
    private bool _isReadable;
    private bool _isWritable;
    private bool _readsToTheEnd;
    private bool _finishesWhenSent;
    private bool _closed;
    private bool _isClient;

    private EpollSocket(EventLoop loop, int descriptor, IReadinessObserver observer, bool connected)
    {
        Loop = loop;
        _descriptor = descriptor;
        _observer = observer;

        // What was accepted can be written to; what is being connected waits for its first edge.
        _isWritable = connected;
    }

    /// <summary>The loop that it lives on.</summary>
    public EventLoop Loop { get; }

    /// <summary>True where a read may give something.</summary>
    public bool IsReadable => _isReadable || _cipher is { HasBuffered: true };

    /// <summary>True where a write may take something.</summary>
    public bool IsWritable => _isWritable && _cipher is not { HasPending: true };

    /// <summary>True where bytes, the end or an error may be read; what is none of these is taken away. For a socket that lies idle.</summary>
    public bool HasNews() => _cipher is { } cipher ? cipher.HasNews() : _isReadable;

    /// <summary>What encrypts it; null while nothing does. Set once, before anybody else reads or writes.</summary>
    public SocketCipher? Cipher
    {
        get => _cipher;
        set
        {
            Loop.AssertInLoop();
            _cipher = value;
        }
    }

    /// <summary>True where <see cref="ReceiveWire"/> may give something.</summary>
    public bool IsWireReadable => _isReadable;

    /// <summary>True where <see cref="SendWire"/> may take something.</summary>
    public bool IsWireWritable => _isWritable;

    /// <summary>Why a call returned <see cref="Failed"/>, as a fault of the stream.</summary>
    public FaultKind Failure => _cipher is { Failure: not FaultKind.None } cipher ? cipher.Failure : FaultKind.Reset;

    /// <summary>True once the kernel has reported an error or a full hang-up; the next call says what it was.</summary>
    public bool HasError { get; private set; }

    /// <summary>True once the connection has failed, by RST or by the kernel giving up: unlike a full hang-up it is no orderly end.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True once the peer has sent its last byte, which may not have been read yet.</summary>
    public bool HasPeerFinished { get; private set; }

    /// <summary>True after <see cref="Close"/> or <see cref="Reset"/>.</summary>
    public bool IsClosed => _closed;

    /// <summary>Why the last call returned <see cref="Failed"/>.</summary>
    public Errno Error { get; private set; }

    /// <summary>Puts a connected or connecting descriptor on a loop, which owns it from here on.</summary>
    /// <param name="loop">The loop of the calling thread.</param>
    /// <param name="descriptor">A non-blocking stream socket; closed if this fails.</param>
    /// <param name="observer">Who hears of it.</param>
    /// <param name="connected">False while a connect is under way.</param>
    /// <param name="error">Why it failed: descriptors or memory of the kernel ran out.</param>
    /// <returns>The socket, or null.</returns>
    public static EpollSocket? TryAttach(EventLoop loop, int descriptor, IReadinessObserver observer, bool connected, out Errno error)
    {
        var socket = new EpollSocket(loop, descriptor, observer, connected);
        error = loop.Add(socket, descriptor, EpollFlags.In | EpollFlags.Urgent | EpollFlags.Out | EpollFlags.PeerFinished | EpollFlags.EdgeTriggered);
        if (error == Errno.None)
        {
            return socket;
        }

        Libc.Close(descriptor);
        return null;
    }

    /// <summary>Counts it among <see cref="EventLoop.Clients"/> until it is closed; once.</summary>
    public void CountAsClient()
    {
        _isClient = true;
        Loop.Clients++;
    }

    /// <summary>Hands the socket to another observer, which looks at <see cref="IsReadable"/> itself: past edges are not repeated.</summary>
    public void Observe(IReadinessObserver observer) => _observer = observer;

    /// <summary>Reads once into <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="emptiesKernel">True where a <see cref="Peek"/> with room to spare saw no byte behind these: then a full buffer does not mean that more is there.</param>
    /// <returns>The number of bytes; 0 at the peer's end of stream; <see cref="WouldBlock"/> or <see cref="Failed"/>.</returns>
    public int Receive(Span<byte> buffer, bool emptiesKernel = false) =>
        _cipher is { } cipher ? cipher.Receive(buffer) : ReceiveWire(buffer, emptiesKernel);

    /// <summary>As <see cref="Receive"/>, of the bytes as they came: for the <see cref="Cipher"/>.</summary>
    public int ReceiveWire(Span<byte> buffer, bool emptiesKernel = false)
    {
        Loop.AssertInLoop();
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                var count = (int)Libc.Receive(_descriptor, bytes, buffer.Length, 0);
                if (count > 0)
                {
                    _isReadable = (count == buffer.Length && !emptiesKernel) || _readsToTheEnd;
                    return count;
                }

                if (count == 0)
                {
                    _isReadable = false;
                    return 0;
                }

                if (!Retry(out var result))
                {
                    _isReadable &= result != WouldBlock;
                    return result;
                }
            }
        }
    }

    /// <summary>Copies what has been received, and leaves it to be read (MSG_PEEK): the next call gives the same bytes and those after them.</summary>
    /// <returns>As <see cref="Receive"/>; that this is not all, only another call can tell.</returns>
    public int Peek(Span<byte> buffer)
    {
        Loop.AssertInLoop();
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                var count = (int)Libc.Receive(_descriptor, bytes, buffer.Length, SocketConstants.MessagePeek);
                if (count >= 0)
                {
                    return count;
                }

                if (!Retry(out var result))
                {
                    _isReadable &= result != WouldBlock;
                    return result;
                }
            }
        }
    }

    /// <summary>Writes what the kernel takes of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">What to send; not empty.</param>
    /// <param name="more">True where more follows at once, so that the kernel may wait to fill a segment (MSG_MORE).</param>
    /// <returns>How many were taken, at least 1; <see cref="WouldBlock"/> or <see cref="Failed"/>.</returns>
    public int Send(ReadOnlySpan<byte> bytes, bool more = false) => _cipher is { } cipher ? cipher.Send(bytes) : SendWire(bytes, more);

    /// <summary>As <see cref="Send(ReadOnlySpan{byte}, bool)"/>, of bytes that are encrypted already: for the <see cref="Cipher"/>.</summary>
    public int SendWire(ReadOnlySpan<byte> bytes, bool more = false)
    {
        Loop.AssertInLoop();
        fixed (byte* start = bytes)
        {
            while (true)
            {
                var flags = SocketConstants.MessageNoSignal | (more ? SocketConstants.MessageMore : 0);
                var count = (int)Libc.Send(_descriptor, start, bytes.Length, flags);
                if (count >= 0)
                {
                    // A short write has filled the kernel's buffer: the next edge comes when it has room.
                    _isWritable = count == bytes.Length;
                    return count;
                }

                if (!Retry(out var result))
                {
                    _isWritable = false;
                    return result;
                }
            }
        }
    }

    /// <summary>Writes what the kernel takes of two pieces, one behind the other, in one call (sendmsg(2)).</summary>
    /// <returns>As <see cref="Send(ReadOnlySpan{byte}, bool)"/>, of both together.</returns>
    public int Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Loop.AssertInLoop();
        if (_cipher is not null)
        {
            return SendEncrypted(first, second);
        }

        fixed (byte* firstStart = first, secondStart = second)
        {
            var pieces = stackalloc MessagePiece[2] { new(firstStart, first.Length), new(secondStart, second.Length) };
            var header = new MessageHeader { Pieces = pieces, PieceCount = 2 };
            while (true)
            {
                var count = (int)Libc.SendMessage(_descriptor, &header, SocketConstants.MessageNoSignal);
                if (count >= 0)
                {
                    _isWritable = count == first.Length + second.Length;
                    return count;
                }

                if (!Retry(out var result))
                {
                    _isWritable = false;
                    return result;
                }
            }
        }
    }

    /// <summary>
    /// True where <see cref="ReceiveInto"/> and <see cref="SendFrom"/> work on every kernel: TCP in clear. Asks the kernel, so ask once.
    /// </summary>
    public bool IsTcp
    {
        get
        {
            int family = 0, length = sizeof(int);
            return _cipher is null && Libc.GetSocketOption(_descriptor, SocketConstants.LevelSocket, SocketConstants.Domain, &family, &length) == 0
                && family is SocketConstants.FamilyIPv4 or SocketConstants.FamilyIPv6;
        }
    }

    /// <summary>
    /// Moves what the kernel has received into an empty pipe, without copying it. It is for the middle of a stream: the end,
    /// and urgent data, at which it would stand still, are for <see cref="Receive"/> to tell.
    /// </summary>
    /// <returns>The number of bytes; 0 where <see cref="Receive"/> is to be asked; <see cref="WouldBlock"/> or <see cref="Failed"/>.</returns>
    public int ReceiveInto(KernelPipe pipe, int most)
    {
        Loop.AssertInLoop();
        if (_readsToTheEnd)
        {
            return 0;
        }

        while (true)
        {
            var count = (int)Libc.Splice(_descriptor, null, pipe.WriteEnd, null, most, SocketConstants.SpliceMove | SocketConstants.SpliceNonBlocking);
            if (count >= 0)
            {
                // How much came says nothing about what is left: a pipe counts fragments, not bytes.
                pipe.Bytes += count;
                return count;
            }

            if (!Retry(out var result))
            {
                // An error is told once: what this call was told, Receive would not hear any more.
                _isReadable &= result != WouldBlock;
                return result;
            }
        }
    }

    /// <summary>Sends what the kernel takes of a pipe that is not empty, without copying it.</summary>
    /// <returns>How many bytes were taken, at least 1; <see cref="WouldBlock"/> or <see cref="Failed"/>.</returns>
    public int SendFrom(KernelPipe pipe)
    {
        Loop.AssertInLoop();
        while (true)
        {
            var count = (int)Libc.Splice(pipe.ReadEnd, null, _descriptor, null, pipe.Bytes, SocketConstants.SpliceMove | SocketConstants.SpliceNonBlocking);
            if (count >= 0)
            {
                pipe.Bytes -= count;
                return count > 0 ? count : Failed;
            }

            if (!Retry(out var result))
            {
                _isWritable = false;
                return result;
            }
        }
    }

    /// <summary>Closes our half: the peer reads the end of the stream after everything that was sent (FIN). An error is left to the next read.</summary>
    public void ShutdownSend()
    {
        _cipher?.EndSending();
        if (_cipher is { HasPending: true })
        {
            _finishesWhenSent = true;
        }
        else
        {
            Libc.Shutdown(_descriptor, SocketConstants.ShutdownSend);
        }
    }

    /// <summary>The pending error of the socket, which this clears (SO_ERROR).</summary>
    public Errno TakeError()
    {
        var error = 0;
        var length = sizeof(int);
        Libc.GetSocketOption(_descriptor, SocketConstants.LevelSocket, SocketConstants.Error, &error, &length);
        return (Errno)error;
    }

    /// <summary>The local address, or null where it has none any more.</summary>
    public EndPoint? LocalAddress() => _closed ? null : SocketSetup.LocalAddress(_descriptor);

    /// <summary>Who is at the other end of a Unix socket; null for any other, and where the kernel does not say.</summary>
    public PeerCredentials? PeerCredentials() => _closed ? null : Epoll.PeerCredentials.Of(_descriptor);

    /// <summary>Closes the descriptor; what was sent is still delivered by the kernel. May be called again.</summary>
    public void Close()
    {
        Loop.AssertInLoop();
        if (!_closed)
        {
            // Whoever waits for the cipher goes on inline, and may close too.
            _closed = true;
            _cipher?.Close(sayEnd: true);
            Forget();
            Libc.Close(_descriptor);
        }
    }

    /// <summary>Closes with RST: the peer learns that the stream is broken, and what it has not received is dropped. May be called again.</summary>
    public void Reset()
    {
        Loop.AssertInLoop();
        if (!_closed)
        {
            _closed = true;
            _cipher?.Close(sayEnd: false);
            SocketSetup.CloseWithReset(_descriptor);
            Forget();
            Libc.Close(_descriptor);
        }
    }

    internal override void OnEvents(EpollFlags events)
    {
        _isReadable |= (events & (EpollFlags.In | EpollFlags.Urgent | EpollFlags.PeerFinished | EpollFlags.Error | EpollFlags.HangUp)) != 0;
        _isWritable |= (events & (EpollFlags.Out | EpollFlags.Error | EpollFlags.HangUp)) != 0;
        _readsToTheEnd |= (events & (EpollFlags.Urgent | EpollFlags.PeerFinished | EpollFlags.Error | EpollFlags.HangUp)) != 0;
        HasPeerFinished |= (events & (EpollFlags.PeerFinished | EpollFlags.Error | EpollFlags.HangUp)) != 0;
        IsBroken |= (events & EpollFlags.Error) != 0;
        HasError |= (events & (EpollFlags.Error | EpollFlags.HangUp)) != 0;
        if (_cipher is { HasPending: true } && _isWritable)
        {
            SendPending();
        }

        _observer.OnReady(this);
    }

    internal override void OnUnhandledError() => _observer.OnUnhandledError(this);

    private int SendEncrypted(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var taken = _cipher!.Send(first);
        if (taken < first.Length || !IsWritable)
        {
            return taken;
        }

        var more = _cipher.Send(second);
        return more == Failed ? Failed : taken + Math.Max(more, 0);
    }

    private void SendPending()
    {
        _cipher!.SendPending();
        if (_finishesWhenSent && !_cipher.HasPending)
        {
            _finishesWhenSent = false;
            Libc.Shutdown(_descriptor, SocketConstants.ShutdownSend);
        }
    }

    private void Forget()
    {
        _isReadable = _isWritable = false;
        Loop.Clients -= _isClient ? 1 : 0;
        Loop.Remove(this);
    }

    /// <summary>True where the call was interrupted and is made again; else <paramref name="result"/> is what it returns.</summary>
    private bool Retry(out int result)
    {
        var errno = Libc.LastErrno;
        switch (errno)
        {
            case Errno.Interrupted:
                result = 0;
                return true;
            case Errno.Again:
                result = WouldBlock;
                return false;
            default:
                Error = errno;
                result = Failed;
                return false;
        }
    }
}
