// One file: the states of one session, between which reading, writing and the handshake hand each other bytes and failures.

using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>TLS on one socket by libssl, which reads and writes the socket through <see cref="SocketBio"/>. Touched only on its loop.</summary>
/// <remarks>
/// Whatever libssl wants to send is taken at once: what the kernel has no room for waits here, and nothing else is encrypted until it is gone.
/// So libssl never has to be called again with the very same bytes (SSL_write(3), "retry"), and a session that does not move holds no more
/// than the records of one write. Bytes count as sent only when the kernel has all of their records: until then their caller keeps them,
/// gives them again, and they are passed over (<see cref="_owed"/>).
/// </remarks>
internal sealed unsafe class OpenSslSession : TlsSession
{
    /// <summary>The most of plain bytes in a record (RFC 8446 section 5.1).</summary>
    private const int RecordBytes = 16 * 1024;

    /// <summary>The most that is encrypted at once: its records fit in <see cref="EventLoop.WireScratch"/>.</summary>
    private const int MostAtOnce = 64 * 1024;

    /// <summary>
    /// How many steps of libssl's one turn of the loop may see after the handshake: new keys, tickets, alerts. None of it is data, so no bound on
    /// data holds a peer that sends nothing else; a dozen is much.
    /// </summary>
    private const int MostStepsInTurn = 256;

    // libssl has one of each for the process.
    private static readonly ConcurrentDictionary<nint, string> CipherSuites = new();

    private readonly EpollSocket _socket;
    private readonly OpenSslClientSessions? _remembered;
    private nint _ssl;
    private byte[]? _pending;
    private byte[]? _serverName;
    private string? _failureText;
    private string? _version;
    private string? _cipherSuite;
    private int _pendingStart;
    private int _pendingEnd;
    private int _gathered;
    private int _owed;
    private int _steps;
    private int _stepsTurn;
    private bool _gathers;
    private bool _isWaiting;
    private bool _hasWireEnded;
    private bool _hasWireFailed;
    private bool _isEstablished;
    private bool _hasEnded;
    private bool _hasSaidEnd;

    /// <summary>A session of <paramref name="ssl"/>, which it owns, on <paramref name="socket"/>.</summary>
    /// <param name="context">What it is a session of.</param>
    /// <param name="ssl">A new SSL, in the state of a server or a client.</param>
    /// <param name="socket">The socket.</param>
    /// <param name="remembered">Where a client keeps what it may take up again; null for a server.</param>
    public OpenSslSession(OpenSslServerContext? context, nint ssl, EpollSocket socket, OpenSslClientSessions? remembered)
    {
        Context = context;
        _ssl = ssl;
        _socket = socket;
        _remembered = remembered;
        var bio = SocketBio.Take();
        LibSsl.SetBio(ssl, bio, bio);
    }

    /// <summary>The server's side that it belongs to; null for a client.</summary>
    public OpenSslServerContext? Context { get; }

    /// <summary>The native session.</summary>
    public nint Handle => _ssl;

    /// <inheritdoc/>
    public override string? FailureText => _failureText;

    /// <inheritdoc/>
    public override ApplicationProtocol Protocol
    {
        get
        {
            if (_ssl == 0)
            {
                return ApplicationProtocol.None;
            }

            byte* protocol;
            uint length;
            LibSsl.GetAlpn(_ssl, &protocol, &length);
            return AlpnWire.Read(new ReadOnlySpan<byte>(protocol, (int)length));
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> ServerName
    {
        get
        {
            if (_serverName is null && _ssl != 0)
            {
                var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibSsl.GetServerName(_ssl, 0));
                _serverName = name.IsEmpty ? [] : new byte[name.Length];
                Ascii.ToLower(name, _serverName, out _);
            }

            return _serverName;
        }
    }

    /// <inheritdoc/>
    public override string? Version => _version;

    /// <inheritdoc/>
    public override string? CipherSuite => _cipherSuite;

    /// <inheritdoc/>
    public override bool IsResumed => _ssl != 0 && LibSsl.IsSessionReused(_ssl) != 0;

    /// <inheritdoc/>
    public override X509Certificate2? GetPeerCertificate()
    {
        var native = _ssl == 0 ? 0 : LibSsl.GetPeerCertificate(_ssl);
        if (native == 0)
        {
            return null;
        }

        byte[] encoded = new byte[LibCrypto.EncodeCertificate(native, null)];
        fixed (byte* start = encoded)
        {
            var end = start;
            _ = LibCrypto.EncodeCertificate(native, &end);
        }

        LibCrypto.FreeCertificate(native);
        return X509CertificateLoader.LoadCertificate(encoded);
    }

    /// <summary>The handshake must not begin: why it fails.</summary>
    public void Refuse(FaultKind kind, string text) => (Failure, _failureText) = (kind, text);

    /// <inheritdoc/>
    public override HandshakeProgress Handshake()
    {
        if (Failure != FaultKind.None)
        {
            return HandshakeProgress.Failed;
        }

        if (HasPending && !SendRest())
        {
            if (!_hasWireFailed)
            {
                return HandshakeProgress.Waits;
            }

            Fail(handshake: true);
            return HandshakeProgress.Failed;
        }

        Enter();
        var result = LibSsl.DoHandshake(_ssl);
        if (result == 1 && !_hasWireFailed)
        {
            // What is asked for after the end is kept: logs are written then.
            _isEstablished = true;
            _version = TlsVersions.NameOf(LibSsl.GetVersionNumber(_ssl) == LibSsl.VersionTls13 ? TlsVersion.Tls13 : TlsVersion.Tls12);
            _cipherSuite = CipherSuites.GetOrAdd(LibSsl.GetCipher(_ssl), static cipher => Marshal.PtrToStringUTF8((nint)LibSsl.GetCipherName(cipher)) ?? "");
            _ = ServerName;
            HasBuffered = LibSsl.HasPending(_ssl) != 0;
            return HandshakeProgress.Done;
        }

        if (_isWaiting && !_hasWireFailed)
        {
            return HandshakeProgress.Waits;
        }

        Fail(handshake: true);
        return HandshakeProgress.Failed;
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer)
    {
        if (_hasEnded || Failure != FaultKind.None || _hasWireFailed)
        {
            HasBuffered = false;
            return _hasEnded ? 0 : EpollSocket.Failed;
        }

        var taken = 0;
        fixed (byte* start = buffer)
        {
            Enter();
            while (true)
            {
                var count = LibSsl.Read(_ssl, start + taken, buffer.Length - taken);
                if (count <= 0)
                {
                    if (IsPassedOver())
                    {
                        continue;
                    }

                    break;
                }

                // A record is read at a time: there may be another in libssl's buffer, or a part of one.
                taken += count;
                HasBuffered = LibSsl.HasPending(_ssl) != 0;
                if (taken == buffer.Length || (!HasBuffered && !_socket.IsWireReadable))
                {
                    return taken;
                }
            }
        }

        HasBuffered = false;
        if (_isWaiting && Failure == FaultKind.None)
        {
            return taken > 0 ? taken : EpollSocket.WouldBlock;
        }

        var isEnd = (LibSsl.GetShutdown(_ssl) & LibSsl.ReceivedShutdown) != 0;
        if (Failure != FaultKind.None)
        {
            LibCrypto.ClearErrors();
        }
        else if (isEnd || (_hasWireEnded && !_hasWireFailed))
        {
            _hasEnded = true;
            IsTruncated = !isEnd;
            LibCrypto.ClearErrors();
        }
        else
        {
            Fail(handshake: false);
        }

        // What came before it is told first.
        HasBuffered = taken > 0;
        return taken > 0 ? taken : _hasEnded ? 0 : EpollSocket.Failed;
    }

    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> bytes)
    {
        if (HasPending && !SendRest())
        {
            return _hasWireFailed ? EpollSocket.Failed : EpollSocket.WouldBlock;
        }

        var taken = Math.Min(_owed, bytes.Length);
        _owed -= taken;
        while (taken < bytes.Length)
        {
            var portion = bytes.Slice(taken, Math.Min(bytes.Length - taken, MostAtOnce));
            if (_hasWireFailed || Failure != FaultKind.None || !Encrypt(portion))
            {
                if (!_isWaiting || _hasWireFailed || Failure != FaultKind.None)
                {
                    return EpollSocket.Failed;
                }

                // Half a message of the peer's own has come, a ticket for one: nothing is sent before the rest of it is here.
                HasPending = true;
                return taken > 0 ? taken : EpollSocket.WouldBlock;
            }

            if (HasPending)
            {
                _owed = portion.Length;
                return taken > 0 ? taken : EpollSocket.WouldBlock;
            }

            taken += portion.Length;
        }

        return taken;
    }

    /// <inheritdoc/>
    public override bool HasNews()
    {
        if (_hasEnded || Failure != FaultKind.None || _hasWireFailed)
        {
            return true;
        }

        if (!HasBuffered && _socket.IsWireReadable)
        {
            byte first;
            Enter();
            HasBuffered = LibSsl.Peek(_ssl, &first, 1) > 0 || !_isWaiting;
            LibCrypto.ClearErrors();
        }

        return HasBuffered;
    }

    /// <inheritdoc/>
    public override void SendPending() => SendRest();

    /// <inheritdoc/>
    public override void EndSending()
    {
        if (_isEstablished && !_hasSaidEnd && !_hasWireFailed && Failure == FaultKind.None)
        {
            _hasSaidEnd = true;
            Enter();
            _ = LibSsl.Shutdown(_ssl);
            LibCrypto.ClearErrors();
        }
    }

    /// <inheritdoc/>
    public override void Close(bool sayEnd)
    {
        if (sayEnd && !HasPending)
        {
            EndSending();
        }

        if (_pending is not null)
        {
            Return(_pending);
            _pending = null;
        }

        HasBuffered = HasPending = false;
        _hasWireFailed = true;
        if (_ssl != 0)
        {
            SocketBio.Current = this;
            if (_isEstablished && Failure == FaultKind.None)
            {
                // A connection that was cut off is no reason to distrust its session (SSL_set_shutdown(3)).
                LibSsl.SetShutdown(_ssl, LibSsl.SentShutdown | LibSsl.ReceivedShutdown);
            }

            LibSsl.Free(_ssl);
            SocketBio.Current = null;
            _ssl = 0;
        }

        UnderWay?.GiveUp();
    }

    /// <summary>libssl reads the socket.</summary>
    internal int ReadWire(Span<byte> buffer, out bool wouldBlock)
    {
        wouldBlock = false;
        if (_hasWireEnded || _hasWireFailed || Failure != FaultKind.None)
        {
            return _hasWireEnded ? 0 : -1;
        }

        if (_socket.IsWireReadable)
        {
            var count = _socket.ReceiveWire(buffer);
            if (count >= 0)
            {
                _hasWireEnded = count == 0;
                return count;
            }

            if (count == EpollSocket.Failed)
            {
                _hasWireFailed = true;
                return -1;
            }
        }

        _isWaiting = wouldBlock = true;
        return -1;
    }

    /// <summary>libssl sends: taken whole.</summary>
    internal void WriteWire(ReadOnlySpan<byte> bytes)
    {
        if (_gathers)
        {
            var scratch = _socket.Loop.WireScratch;
            if (bytes.Length <= scratch.Length - _gathered)
            {
                bytes.CopyTo(scratch.AsSpan(_gathered));
                _gathered += bytes.Length;
                return;
            }

            SendGathered();
        }

        SendOrKeep(bytes);
    }

    /// <summary>libssl has taken a step that is no data.</summary>
    internal void OnStep()
    {
        if (!_isEstablished)
        {
            return;
        }

        var turn = unchecked((int)_socket.Loop.Turns);
        if (_stepsTurn != turn)
        {
            (_stepsTurn, _steps) = (turn, 0);
        }

        if (++_steps > MostStepsInTurn && Failure == FaultKind.None)
        {
            (Failure, _failureText) = (FaultKind.TlsRecordInvalid, "a flood of messages that are no data");
        }
    }

    /// <summary>
    /// True where libssl has read over a message that came after we had said that we send no more, such as a ticket: it calls that the end, and it is none.
    /// </summary>
    private bool IsPassedOver() =>
        _hasSaidEnd && !_isWaiting && !_hasWireEnded && !_hasWireFailed && Failure == FaultKind.None
        && (LibSsl.GetShutdown(_ssl) & LibSsl.ReceivedShutdown) == 0 && LibCrypto.LookAtError() == 0;

    private void Enter()
    {
        _isWaiting = false;
        SocketBio.Current = this;
    }

    private bool Encrypt(ReadOnlySpan<byte> bytes)
    {
        Enter();

        // Several records leave in one call of the kernel's; a single one leaves from libssl's own buffer.
        _gathers = bytes.Length > RecordBytes;
        int written;
        fixed (byte* start = bytes)
        {
            written = LibSsl.Write(_ssl, start, bytes.Length);
        }

        if (_gathers)
        {
            SendGathered();
        }

        if (written == bytes.Length && !_hasWireFailed)
        {
            return true;
        }

        if (!_isWaiting || _hasWireFailed)
        {
            Fail(handshake: false);
        }

        return false;
    }

    private void SendGathered()
    {
        _gathers = false;
        var count = _gathered;
        _gathered = 0;
        if (count > 0)
        {
            SendOrKeep(_socket.Loop.WireScratch.AsSpan(0, count));
        }
    }

    private void SendOrKeep(ReadOnlySpan<byte> bytes)
    {
        if (_hasWireFailed || Failure != FaultKind.None)
        {
            return;
        }

        if (!HasPending && _socket.IsWireWritable)
        {
            var count = _socket.SendWire(bytes);
            if (count == EpollSocket.Failed)
            {
                _hasWireFailed = true;
                return;
            }

            bytes = bytes[Math.Max(count, 0)..];
        }

        if (bytes.Length > 0)
        {
            Keep(bytes);
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var needed = _pendingEnd - _pendingStart + bytes.Length;
        if (needed > EventLoop.LargeBlockBytes)
        {
            // A peer that makes us answer and does not read: no more of that.
            _hasWireFailed = true;
            return;
        }

        if (_pending is null || _pending.Length - _pendingEnd < bytes.Length)
        {
            var room = PoolOf(needed).Rent();
            if (_pending is not null)
            {
                _pending.AsSpan(_pendingStart.._pendingEnd).CopyTo(room);
                Return(_pending);
            }

            (_pending, _pendingStart, _pendingEnd) = (room, 0, _pendingEnd - _pendingStart);
        }

        bytes.CopyTo(_pending.AsSpan(_pendingEnd));
        _pendingEnd += bytes.Length;
        HasPending = true;
    }

    /// <summary>Sends what waits; true where nothing is left.</summary>
    private bool SendRest()
    {
        if (_pending is null)
        {
            HasPending = false;
            return !_hasWireFailed;
        }

        while (_pendingStart < _pendingEnd)
        {
            if (!_socket.IsWireWritable)
            {
                return false;
            }

            var count = _socket.SendWire(_pending.AsSpan(_pendingStart.._pendingEnd));
            if (count == EpollSocket.Failed)
            {
                _hasWireFailed = true;
                break;
            }

            _pendingStart += Math.Max(count, 0);
        }

        Return(_pending);
        _pending = null;
        _pendingStart = _pendingEnd = 0;
        HasPending = false;
        return !_hasWireFailed;
    }

    private BlockPool PoolOf(int bytes) => bytes <= _socket.Loop.Blocks.BlockBytes ? _socket.Loop.Blocks : _socket.Loop.LargeBlocks;

    private void Return(byte[] block) => PoolOf(block.Length).Return(block);

    private void Fail(bool handshake)
    {
        if (_hasWireFailed)
        {
            LibCrypto.ClearErrors();
            _failureText ??= "the connection was reset";
            Failure = handshake ? FaultKind.Reset : Failure;
            return;
        }

        (Failure, _failureText) = OpenSslFailure.Take(this, handshake, _hasWireEnded, out var metHttp);
        MetHttp = metHttp;
    }

    /// <summary>A session of the server's that may be taken up again (client only); true where it is kept.</summary>
    internal bool Remember(nint session) => _remembered?.Keep(session) ?? false;
}
