using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.Streams;

/// <summary>TLS on one socket by SslStream, whose reads complete inline when encrypted bytes have come. Touched only on its loop.</summary>
/// <remarks>As with the other engine, bytes count as sent only when the kernel has all of their records; until then they are given again, and passed over.</remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Close does it.")]
internal sealed class SslStreamSession : TlsSession
{
    /// <summary>The most that is encrypted at once: its records fit in what may wait.</summary>
    private const int MostAtOnce = 64 * 1024;

    private const byte HandshakeRecord = 22;

    private readonly EpollSocket _socket;
    private readonly WireOutput _output;
    private readonly WireStream _wire;
    private readonly SslStream _stream;
    private readonly Func<SslStreamSession, SslStream, Task> _authenticate;
    private readonly bool _isServer;
    private string? _failureText;
    private Task? _handshake;
    private ValueTask<int> _read;
    private byte[]? _plain;
    private int _plainStart;
    private int _plainEnd;
    private int _owed;
    private byte[]? _name;
    private bool _reads;
    private bool _isEstablished;
    private bool _hasEnded;
    private bool _hasSaidEnd;
    private bool _isClosed;

    /// <summary>A session on <paramref name="socket"/>.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="isServer">True where the peer is a client.</param>
    /// <param name="authenticate">Begins the handshake.</param>
    public SslStreamSession(EpollSocket socket, bool isServer, Func<SslStreamSession, SslStream, Task> authenticate)
    {
        (_socket, _isServer, _authenticate) = (socket, isServer, authenticate);
        _output = new WireOutput(socket);
        _wire = new WireStream(socket, _output);
        _stream = new SslStream(_wire, leaveInnerStreamOpen: false);
    }

    /// <summary>The name that is asked for, in lower case; empty for none.</summary>
    public string Name { get; set; } = "";

    /// <inheritdoc/>
    public override string? FailureText => _failureText;

    /// <inheritdoc/>
    public override ApplicationProtocol Protocol => _isEstablished ? AlpnWire.Read(_stream.NegotiatedApplicationProtocol.Protocol.Span) : ApplicationProtocol.None;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> ServerName => _name ??= Encoding.UTF8.GetBytes(Name);

    /// <inheritdoc/>
    public override string? Version => _isEstablished ? TlsVersions.NameOf(_stream.SslProtocol == SslProtocols.Tls13 ? TlsVersion.Tls13 : TlsVersion.Tls12) : null;

    /// <inheritdoc/>
    public override string? CipherSuite => _isEstablished ? _stream.NegotiatedCipherSuite.ToString() : null;

    /// <summary>SslStream does not tell.</summary>
    public override bool IsResumed => false;

    /// <inheritdoc/>
    public override X509Certificate2? GetPeerCertificate() =>
        _isEstablished && _stream.RemoteCertificate is { } certificate ? X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()) : null;

    /// <summary>The peer's certificate will not do: why the handshake fails. Always false.</summary>
    public bool Refuse(FaultKind kind, string text)
    {
        (Failure, _failureText) = (kind, text);
        return false;
    }

    /// <inheritdoc/>
    public override HandshakeProgress Handshake()
    {
        if (!SendRest())
        {
            return _output.HasFailed ? Fail("the connection was reset", FaultKind.Reset) : HandshakeProgress.Waits;
        }

        _handshake ??= _authenticate(this, _stream);
        while (!_handshake.IsCompleted)
        {
            if (!_wire.Resume())
            {
                HasPending = _output.HasPending;
                return HandshakeProgress.Waits;
            }
        }

        HasPending = _output.HasPending;
        if (_handshake.IsCompletedSuccessfully && !_output.HasFailed)
        {
            // Where the certificate is looked at only afterwards, as in TLS 1.3, it has been looked at by now.
            _isEstablished = HasBuffered = true;
            return HandshakeProgress.Done;
        }

        var error = _handshake.Exception?.InnerException;
        MetHttp = _isServer && IsHttp(_wire.First);
        return error switch
        {
            _ when Failure != FaultKind.None => HandshakeProgress.Failed,
            _ when _wire.HasFailed || _output.HasFailed => Fail("the connection was reset", FaultKind.Reset),
            _ when MetHttp => Fail("the client speaks HTTP without TLS"),
            _ when _wire.FirstBytes > 0 && !SpeaksTls() => Fail(_isServer ? "the client does not speak TLS" : "the endpoint does not speak TLS"),
            _ when _wire.HasEnded => Fail("the peer closed in the middle of the handshake"),
            _ => Fail(Describe(error)),
        };
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer)
    {
        if (_plainStart == _plainEnd && !Fill())
        {
            HasBuffered = false;
            return Failure != FaultKind.None || _wire.HasFailed || _output.HasFailed || _isClosed ? EpollSocket.Failed : _hasEnded ? 0 : EpollSocket.WouldBlock;
        }

        var count = Math.Min(buffer.Length, _plainEnd - _plainStart);
        _plain.AsSpan(_plainStart, count).CopyTo(buffer);
        _plainStart += count;

        // There may be another record in the stream's own buffer: the next call tells.
        HasBuffered = true;
        return count;
    }

    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> bytes)
    {
        if (!SendRest())
        {
            return _output.HasFailed ? EpollSocket.Failed : EpollSocket.WouldBlock;
        }

        var taken = Math.Min(_owed, bytes.Length);
        _owed -= taken;
        while (taken < bytes.Length)
        {
            var portion = bytes.Slice(taken, Math.Min(bytes.Length - taken, MostAtOnce));
            if (_isClosed || Failure != FaultKind.None || !Encrypt(portion))
            {
                return EpollSocket.Failed;
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
        if (_hasEnded || _isClosed || Failure != FaultKind.None || _wire.HasFailed || _output.HasFailed || _plainStart < _plainEnd)
        {
            return true;
        }

        HasBuffered = Fill() || _hasEnded || Failure != FaultKind.None || _wire.HasFailed;
        return HasBuffered;
    }

    /// <inheritdoc/>
    public override void SendPending() => SendRest();

    /// <inheritdoc/>
    public override void EndSending()
    {
        if (_isEstablished && !_hasSaidEnd && !_isClosed && !_output.HasFailed && Failure == FaultKind.None)
        {
            _hasSaidEnd = true;
            Observe(_stream.ShutdownAsync());
            HasPending = _output.HasPending;
        }
    }

    /// <inheritdoc/>
    public override void Close(bool sayEnd)
    {
        if (_isClosed)
        {
            return;
        }

        if (sayEnd && !HasPending)
        {
            EndSending();
        }

        _isClosed = true;
        HasBuffered = HasPending = false;

        // What SslStream waits for ends first, so that nothing of it comes after.
        _wire.End();
        Observe(_handshake);
        if (_reads)
        {
            Observe(_read.AsTask());
            _reads = false;
        }

        _output.Drop();
        if (_plain is not null)
        {
            _socket.Loop.Blocks.Return(_plain);
            _plain = null;
            _plainStart = _plainEnd = 0;
        }

        _stream.Dispose();
        UnderWay?.GiveUp();
    }

    /// <summary>Reads until plain bytes are here; false where there are none, be it for now, for ever or for a failure.</summary>
    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "It is kept until it has completed, and its result taken once.")]
    private bool Fill()
    {
        if (_hasEnded || _isClosed || Failure != FaultKind.None || _output.HasFailed)
        {
            return false;
        }

        if (!_reads)
        {
            _plain ??= _socket.Loop.Blocks.Rent();
            _read = _stream.ReadAsync(_plain);
            _reads = true;
        }

        while (!_read.IsCompleted)
        {
            if (!_wire.Resume())
            {
                HasPending = _output.HasPending;
                return false;
            }
        }

        _reads = false;
        HasPending = _output.HasPending;
        try
        {
            (_plainStart, _plainEnd) = (0, _read.GetAwaiter().GetResult());
        }
        catch (Exception error) when (error is IOException or AuthenticationException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            if (_wire.HasEnded && !_wire.HasFailed)
            {
                // Half a record, and the end.
                _hasEnded = IsTruncated = true;
            }
            else if (!_wire.HasFailed)
            {
                (Failure, _failureText) = (FaultKind.TlsRecordInvalid, Describe(error));
            }

            return false;
        }

        _hasEnded = _plainEnd == 0;
        IsTruncated = _hasEnded && _wire.HasEnded;
        return !_hasEnded;
    }

    private bool Encrypt(ReadOnlySpan<byte> bytes)
    {
        // It asks for memory, and what is given here is none.
        var copy = _socket.Loop.WireScratch.AsMemory(0, bytes.Length);
        bytes.CopyTo(copy.Span);
        var write = _stream.WriteAsync(copy);
        HasPending = _output.HasPending;
        if (write.IsCompletedSuccessfully)
        {
            return !_output.HasFailed;
        }

        Observe(write.AsTask());
        (Failure, _failureText) = (FaultKind.TlsRecordInvalid, "SslStream did not take what was to be sent");
        return false;
    }

    private bool SendRest()
    {
        var isGone = _output.SendRest();
        HasPending = _output.HasPending;
        return isGone;
    }

    private HandshakeProgress Fail(string text, FaultKind? kind = null)
    {
        (Failure, _failureText) = (kind ?? (_isServer ? FaultKind.TlsHandshakeFailed : FaultKind.TlsFailed), text);
        return HandshakeProgress.Failed;
    }

    private bool SpeaksTls() => _wire.First >> (8 * (_wire.FirstBytes - 1)) == HandshakeRecord || _wire.First >> (8 * (_wire.FirstBytes - 1)) is 20 or 21;

    private static bool IsHttp(uint first)
    {
        Span<byte> text = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(text, first);
        return text.SequenceEqual("GET "u8) || text.SequenceEqual("POST"u8) || text.SequenceEqual("HEAD"u8) || text.SequenceEqual("PUT "u8);
    }

    /// <summary>The reason of libssl's at the end of a row of exceptions, in the words of the other engine.</summary>
    private static string Describe(Exception? error)
    {
        while (error?.InnerException is { } inner)
        {
            error = inner;
        }

        var reason = error?.Message is { } message ? message[(message.LastIndexOf("::", StringComparison.Ordinal) + (message.Contains("::", StringComparison.Ordinal) ? 2 : 1))..] : "";
        return reason switch
        {
            "no application protocol" => "no application protocol (ALPN) that both speak",
            "unsupported protocol" => "no version of TLS that both speak",
            "no shared cipher" => "no cipher suite that both have",
            "http request" => "the client speaks HTTP without TLS",
            "wrong version number" => "the peer does not speak TLS",
            _ when reason.Contains("alert ", StringComparison.Ordinal) => $"the peer sent the alert {reason[(reason.IndexOf("alert ", StringComparison.Ordinal) + 6)..]}",
            _ => reason,
        };
    }

    private static void Observe(Task? task) => _ = task?.Exception;
}
