using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// The system calls of the engine, by their man page (section 2). Each returns -1 on failure; the reason is then
/// <see cref="LastErrno"/>, read before anything else runs on the thread.
/// </summary>
/// <remarks>
/// <c>SetLastError</c> everywhere: without it the runtime may change errno between the call and the look at it.
/// No <c>SuppressGCTransition</c>: it bought nothing measurable and would let a long call hold up a collection.
/// </remarks>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    /// <summary>Why the last call of this thread failed.</summary>
    public static Errno LastErrno
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Errno)Marshal.GetLastPInvokeError();
    }

    /// <summary>setpriority(2) of one thread, which is what PRIO_PROCESS means to Linux; 0 is the calling one.</summary>
    public static int SetNiceness(int thread, int niceness) => SetPriority(0, thread, niceness);

    [LibraryImport(Library, EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int niceness);

    /// <summary>syscall(2), for what glibc has no function for.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint SystemCall(nint number, nint first, void* second, nint third, nint fourth);

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* epollEvent);

    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int count, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, byte* address, int length);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int descriptor, int backlog);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int descriptor, byte* address, int* length, int flags);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int descriptor, byte* address, int length);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int descriptor, byte* address, int* length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int descriptor, int level, int name, void* value, int length);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(int descriptor, int level, int name, void* value, int* length);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int family, int type, int protocol, int* pair);

    /// <summary>open(2), with the mode that a new file gets.</summary>
    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenFile(string path, int flags, int mode);

    /// <summary>flock(2). The lock is the open file's, whichever process has a descriptor of it.</summary>
    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    public static partial int FileLock(int descriptor, int operation);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nint length);

    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* ends, int flags);

    [LibraryImport(Library, EntryPoint = "splice", SetLastError = true)]
    public static partial nint Splice(int from, long* fromOffset, int to, long* toOffset, nint length, uint flags);

    [LibraryImport(Library, EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int descriptor, int how);

    /// <summary>fcntl(2). Variadic in C; with one integer argument the x64 and arm64 Linux conventions are those of an ordinary call.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(int descriptor, int command, int argument);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport(Library, EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetResourceLimit(int resource, ulong* softAndHard);

    /// <summary>pthread_self(3): the calling thread.</summary>
    [LibraryImport(Library, EntryPoint = "pthread_self")]
    public static partial nuint ThreadOfCaller();

    /// <summary>pthread_getcpuclockid(3): the clock of what a thread has run. Returns the error itself, not -1.</summary>
    [LibraryImport(Library, EntryPoint = "pthread_getcpuclockid")]
    public static partial int GetThreadClock(nuint thread, int* clock);

    /// <summary>clock_gettime(2): seconds and nanoseconds.</summary>
    [LibraryImport(Library, EntryPoint = "clock_gettime", SetLastError = true)]
    public static partial int GetClock(int clock, nint* secondsAndNanoseconds);

    /// <summary>statx(2), whose struct is the same on every architecture.</summary>
    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileStatus(int folder, string path, int flags, uint mask, byte* status);

    /// <summary>kill(2).</summary>
    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>chown(2).</summary>
    [LibraryImport(Library, EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);
}
