using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

[NonParallelizable]
internal sealed unsafe partial class OpenSslClientSessionsTests
{
    // CRYPTO_EX_INDEX_SSL_SESSION of openssl/crypto.h.
    private const int KindOfSession = 2;

    private static int _freed;

    [Test]
    public void A_session_that_nobody_can_take_up_any_more_is_freed()
    {
        // What libssl calls with the end of each session.
        var index = NewIndex(KindOfSession, 0, null, null, null, (delegate* unmanaged<nint, nint, nint, int, nint, void*, void>)&OnFreed);
        Assert.That(index, Is.Positive);
        try
        {
            var before = Volatile.Read(ref _freed);
            Drop();
            Assert.That(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return Volatile.Read(ref _freed) - before;
                },
                Is.GreaterThanOrEqualTo(100).After(Loopback.TimeoutMs, 10));
        }
        finally
        {
            _ = FreeIndex(KindOfSession, index);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop()
    {
        for (var at = 0; at < 100; at++)
        {
            new OpenSslClientSessions().Keep(NewSession());
        }
    }

    [UnmanagedCallersOnly]
    private static void OnFreed(nint parent, nint pointer, nint data, int index, nint number, void* argument) => Interlocked.Increment(ref _freed);

    [LibraryImport(LibCrypto.Library, EntryPoint = "CRYPTO_get_ex_new_index")]
    private static partial int NewIndex(int kind, nint number, void* argument, void* onNew, void* onCopy, void* onFree);

    [LibraryImport(LibCrypto.Library, EntryPoint = "CRYPTO_free_ex_index")]
    private static partial int FreeIndex(int kind, int index);

    [LibraryImport(LibSsl.Library, EntryPoint = "SSL_SESSION_new")]
    private static partial nint NewSession();
}
