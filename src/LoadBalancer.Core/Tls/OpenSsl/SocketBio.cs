using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>
/// What libssl reads and writes instead of a socket (BIO_meth_new(3)): the session whose call is under way on this thread. It reads straight
/// into libssl's buffer and sends straight from it, without a memory BIO's copies in between.
/// </summary>
internal static unsafe class SocketBio
{
    private static readonly nint Method = NewMethod();

    [ThreadStatic]
    private static OpenSslSession? _current;

    [ThreadStatic]
    private static nint _ofThread;

    /// <summary>Whose call into libssl is under way on this thread.</summary>
    public static OpenSslSession? Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _current;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _current = value;
    }

    /// <summary>
    /// The one of this thread, with a reference that libssl gives back with its session. All sessions of a loop share it: whose bytes it moves is the session
    /// whose call is under way, and of its own it has only the word that a read would block, which is read in the same call. For each its own would cost
    /// an idle connection a quarter of a KiB.
    /// </summary>
    public static nint Take()
    {
        if (_ofThread == 0)
        {
            _ofThread = LibCrypto.NewBio(Method);
            LibCrypto.SetBioReady(_ofThread, 1);
        }

        _ = LibCrypto.ShareBio(_ofThread);
        return _ofThread;
    }

    private static nint NewMethod()
    {
        var method = LibCrypto.NewBioMethod(LibCrypto.NewBioIndex() | LibCrypto.BioTypeSourceSink, "lb socket");
        _ = LibCrypto.SetBioRead(method, (delegate* unmanaged<nint, byte*, int, int>)&OnRead);
        _ = LibCrypto.SetBioWrite(method, (delegate* unmanaged<nint, byte*, int, int>)&OnWrite);
        _ = LibCrypto.SetBioControl(method, (delegate* unmanaged<nint, int, nint, void*, nint>)&OnControl);
        return method;
    }

    // An exception must not pass through libssl: it would take the process with it. Neither of these throws.
    [UnmanagedCallersOnly]
    private static int OnRead(nint bio, byte* buffer, int length)
    {
        LibCrypto.ClearBioFlags(bio, LibCrypto.BioAllFlags);
        var count = _current!.ReadWire(new Span<byte>(buffer, length), out var wouldBlock);
        if (wouldBlock)
        {
            LibCrypto.SetBioFlags(bio, LibCrypto.BioReadRetry);
        }

        return count;
    }

    [UnmanagedCallersOnly]
    private static int OnWrite(nint bio, byte* bytes, int length)
    {
        _current!.WriteWire(new ReadOnlySpan<byte>(bytes, length));
        return length;
    }

    [UnmanagedCallersOnly]
    private static nint OnControl(nint bio, int command, nint number, void* argument) => command == LibCrypto.BioControlFlush ? 1 : 0;
}
