using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>An SSL_CTX. Sessions that were made with it hold it too, so it may be let go of before they end.</summary>
internal sealed class SslContextHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>A new one of <paramref name="method"/>.</summary>
    public static SslContextHandle Create(nint method)
    {
        var context = new SslContextHandle();
        context.SetHandle(LibSsl.NewContext(method));
        return context.IsInvalid ? throw new TlsSetupException(null, $"libssl gives no context: {OpenSslFailure.TakeText()}") : context;
    }

    /// <summary>The pointer, for as long as somebody refers to this.</summary>
    public nint Pointer => handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LibSsl.FreeContext(handle);
        return true;
    }
}
