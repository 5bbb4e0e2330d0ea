using System.ComponentModel;
using System.Runtime.InteropServices;

namespace LoadBalancer.Telemetry;

/// <summary>
/// An open <see cref="LogDestination"/>. It writes by the system call itself, because a stream hides how much was written
/// before the disk was full, and the rest must follow later without a cut or doubled line.
/// </summary>
/// <remarks>Not thread-safe: one writer. It owns the descriptor of a file, and leaves standard output and error open.</remarks>
internal sealed partial class LineOutput : IDisposable
{
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int OwnerWritesGroupReads = 0x1A0; // 0640

    private readonly bool _owned;
    private int _descriptor;

    private LineOutput(LogDestination destination, int descriptor, bool owned)
    {
        Destination = destination;
        _descriptor = descriptor;
        _owned = owned;
    }

    /// <summary>What was opened.</summary>
    public LogDestination Destination { get; }

    /// <summary>Opens <paramref name="destination"/>; null where that is <see cref="LogDestination.Off"/>.</summary>
    /// <exception cref="IOException">The file cannot be opened; the message names it and says why.</exception>
    public static LineOutput? Open(LogDestination destination)
    {
        if (destination.Path is not { } path)
        {
            return destination.IsOff ? null : new LineOutput(destination, destination.Descriptor, owned: false);
        }

        // Appending by the kernel keeps lines whole when logrotate truncates the file under us. Not blocking matters for a
        // named pipe alone: without a reader it is an error now instead of a wait for ever.
        var descriptor = OpenFile(path, WriteOnly | Create | Append | NonBlocking | CloseOnExec, OwnerWritesGroupReads);
        return descriptor >= 0
            ? new LineOutput(destination, descriptor, owned: true)
            : throw new IOException($"cannot open {path}: {LastError()}");
    }

    /// <summary>
    /// Writes as much of <paramref name="bytes"/> as goes. Returns how many bytes were taken; on 0 <paramref name="error"/>
    /// says why, and is empty where the reader is only slow.
    /// </summary>
    public unsafe int Write(ReadOnlySpan<byte> bytes, out string error)
    {
        const int Interrupted = 4;
        const int TryAgain = 11;
        error = "";
        fixed (byte* first = bytes)
        {
            while (true)
            {
                var written = WriteBytes(_descriptor, first, (nuint)bytes.Length);
                if (written >= 0)
                {
                    return (int)written;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case TryAgain:
                        return 0;
                    default:
                        error = LastError();
                        return 0;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (_owned && descriptor >= 0)
        {
            _ = Close(descriptor);
        }
    }

    private static string LastError() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteBytes(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
