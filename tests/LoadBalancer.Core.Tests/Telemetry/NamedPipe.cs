using System.Runtime.InteropServices;

namespace LoadBalancer.Tests.Telemetry;

/// <summary>A FIFO in the file system, as a log destination whose reader may be slow.</summary>
internal static partial class NamedPipe
{
    /// <summary>Makes one; 0 on success.</summary>
    public static int Create(string path) => MakeFifo(path, 0x180); // 0600

    /// <summary>Opens it for reading; open for writing too, so that the open does not wait for a writer.</summary>
    public static FileStream OpenForReading(string path) => new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);
}
