using System.Text;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// One end of a pair of sockets between two processes of this machine: messages of text, with open descriptors (SCM_RIGHTS, unix(7)). Calls
/// block, for a bounded time; one sends or receives at a time.
/// </summary>
internal sealed unsafe class DescriptorChannel : IDisposable
{
    /// <summary>The kernel takes 253 with a message (SCM_MAX_FD).</summary>
    public const int MostDescriptors = 200;

    private const int MostText = 4096;

    /// <summary>struct cmsghdr: a length of 8 bytes, a level and a type of 4 each, then the descriptors.</summary>
    private const int ControlHeader = 16;

    private const int ControlBytes = ControlHeader + (MostDescriptors * sizeof(int));

    private readonly int _descriptor;

    private DescriptorChannel(int descriptor) => _descriptor = descriptor;

    /// <summary>A new pair: our end, and the descriptor of the other, which a child process inherits and the caller closes.</summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
    public static (DescriptorChannel Ours, int Theirs) Pair()
    {
        var pair = stackalloc int[2];
        if (Libc.SocketPair(SocketConstants.FamilyUnix, SocketConstants.TypeSequencedPacket | SocketConstants.TypeCloseOnExec, 0, pair) < 0)
        {
            throw new IOException($"no pair of sockets: {Libc.LastErrno}");
        }

        Libc.FileControl(pair[1], SocketConstants.SetDescriptorFlags, 0);
        return (new DescriptorChannel(pair[0]), pair[1]);
    }

    /// <summary>The end that this process inherited; it is owned from here on, and no child gets it.</summary>
    /// <exception cref="IOException">It is not open.</exception>
    public static DescriptorChannel Inherited(int descriptor)
    {
        const int CloseOnExec = 1;
        return Libc.FileControl(descriptor, SocketConstants.SetDescriptorFlags, CloseOnExec) == 0
            ? new DescriptorChannel(descriptor)
            : throw new IOException($"descriptor {descriptor} is not open");
    }

    /// <summary>Sends a message, with copies of descriptors that stay ours.</summary>
    /// <param name="text">At most 4 KiB.</param>
    /// <param name="patience">How long the other side may let its queue be full.</param>
    /// <param name="descriptors">At most <see cref="MostDescriptors"/>.</param>
    /// <returns>False where the other side is gone, or takes nothing.</returns>
    public bool Send(string text, TimeSpan patience, ReadOnlySpan<int> descriptors = default)
    {
        Bound(SocketConstants.SendTimeout, patience);
        var control = stackalloc byte[ControlBytes];
        *(nint*)control = ControlHeader + (descriptors.Length * sizeof(int));
        ((int*)control)[2] = SocketConstants.LevelSocket;
        ((int*)control)[3] = SocketConstants.Rights;
        descriptors.CopyTo(new Span<int>(control + ControlHeader, MostDescriptors));
        var encoded = Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = encoded)
        {
            var piece = new MessagePiece(bytes, encoded.Length);
            var message = new MessageHeader { Pieces = &piece, PieceCount = 1 };
            if (descriptors.Length > 0)
            {
                message.Control = control;
                message.ControlLength = (nuint)(ControlHeader + (descriptors.Length * sizeof(int)));
            }

            return Libc.SendMessage(_descriptor, &message, SocketConstants.MessageNoSignal) >= 0;
        }
    }

    /// <summary>Waits for a message.</summary>
    /// <param name="patience">How long.</param>
    /// <param name="descriptors">What came with it; the caller owns them.</param>
    /// <param name="late">True where nothing came in time.</param>
    /// <returns>Its text; null where there is none: late, or the other side is gone.</returns>
    public string? Receive(TimeSpan patience, out int[] descriptors, out bool late)
    {
        Bound(SocketConstants.ReceiveTimeout, patience);
        var control = stackalloc byte[ControlBytes];
        var bytes = stackalloc byte[MostText];
        var piece = new MessagePiece(bytes, MostText);
        var message = new MessageHeader { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = ControlBytes };
        nint length;
        do
        {
            length = Libc.ReceiveMessage(_descriptor, &message, SocketConstants.MessageCloseOnExec);
        }
        while (length < 0 && Libc.LastErrno == Errno.Interrupted);

        late = length < 0 && Libc.LastErrno == Errno.Again;
        var count = length > 0 && message.ControlLength > ControlHeader ? (int)((*(nint*)control - ControlHeader) / sizeof(int)) : 0;
        descriptors = new ReadOnlySpan<int>(control + ControlHeader, count).ToArray();
        return length > 0 ? Encoding.UTF8.GetString(bytes, (int)length) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => Libc.Close(_descriptor);

    private void Bound(int option, TimeSpan patience)
    {
        // struct timeval; zero would be no bound at all.
        var time = stackalloc nint[2] { (nint)patience.TotalSeconds, Math.Max(1, patience.Microseconds + (1000 * patience.Milliseconds)) };
        Libc.SetSocketOption(_descriptor, SocketConstants.LevelSocket, option, time, 2 * sizeof(nint));
    }
}
