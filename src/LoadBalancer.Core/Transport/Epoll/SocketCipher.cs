using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// What encrypts and decrypts the bytes of one socket, between it and whoever moves them: pipes and relays do not know that it is there.
/// It moves the encrypted bytes by <see cref="EpollSocket.ReceiveWire"/> and <see cref="EpollSocket.SendWire"/>. Touched only on its loop.
/// </summary>
internal abstract class SocketCipher
{
    /// <summary>True where <see cref="Receive"/> may give something although nothing has come to the socket.</summary>
    public bool HasBuffered { get; protected set; }

    /// <summary>True while encrypted bytes wait for the socket to have room; nothing else is taken until then.</summary>
    public bool HasPending { get; protected set; }

    /// <summary>Why it failed; <see cref="FaultKind.None"/> where it did not, or the connection did.</summary>
    public FaultKind Failure { get; protected set; }

    /// <summary>Decrypts what has come, as <see cref="EpollSocket.Receive"/>.</summary>
    public abstract int Receive(Span<byte> buffer);

    /// <summary>
    /// Encrypts and sends, as <see cref="EpollSocket.Send(ReadOnlySpan{byte}, bool)"/>. What it did not take is given again, the same bytes first, as
    /// with a socket: some of them may be encrypted already.
    /// </summary>
    public abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>True where <see cref="Receive"/> would give something; what is no data, such as a session ticket, is taken away. For a connection that lies idle.</summary>
    public abstract bool HasNews();

    /// <summary>The socket has room: sends what waits.</summary>
    public abstract void SendPending();

    /// <summary>Tells the peer that nothing more will come.</summary>
    public abstract void EndSending();

    /// <summary>Lets go of everything; the last call, before the socket is closed.</summary>
    /// <param name="sayEnd">True where the peer is to be told that this is an orderly end.</param>
    public abstract void Close(bool sayEnd);
}
