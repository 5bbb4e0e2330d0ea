using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LoadBalancer.Daemon.Tests.Systemd;

/// <summary>
/// What a service manager does between fork and exec: puts sockets at consecutive descriptors, not closed on exec. Not from
/// 3 on, which a test process uses itself, but from a free place.
/// </summary>
internal static partial class InheritedDescriptors
{
    private const int GetDescriptorFlags = 1;
    private static int _next = 700;

    /// <summary>Copies of <paramref name="sockets"/> at consecutive descriptors; returns the first.</summary>
    public static int Put(params Socket[] sockets)
    {
        var first = Interlocked.Add(ref _next, sockets.Length) - sockets.Length;
        for (var index = 0; index < sockets.Length; index++)
        {
            Assert.That(Duplicate((int)sockets[index].Handle, first + index), Is.EqualTo(first + index));
        }

        return first;
    }

    /// <summary>True where a child would inherit the descriptor; false where it is closed on exec; null where it is not open.</summary>
    public static bool? IsInherited(int descriptor) => Control(descriptor, GetDescriptorFlags, 0) switch { < 0 => null, var flags => (flags & 1) == 0 };

    /// <summary>Closes a descriptor that the test came to own.</summary>
    public static void Close(int descriptor) => Assert.That(CloseDescriptor(descriptor), Is.Zero);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);
}
