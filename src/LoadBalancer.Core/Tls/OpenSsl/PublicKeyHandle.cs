using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>A public key that signs messages themselves and not their hashes: Ed25519 or Ed448, by libcrypto (EVP_PKEY-ED25519(7)). Thread-safe.</summary>
internal sealed unsafe class PublicKeyHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The key of its raw bytes; null where they are none.</summary>
    /// <param name="kind">Its kind as libcrypto calls it, such as <c>ED25519</c>.</param>
    /// <param name="point">The bytes.</param>
    public static PublicKeyHandle? TryCreate(string kind, ReadOnlySpan<byte> point)
    {
        var key = new PublicKeyHandle();
        fixed (byte* bytes = point)
        {
            key.SetHandle(LibCrypto.NewRawPublicKey(0, kind, null, bytes, (nuint)point.Length));
        }

        LibCrypto.ClearErrors();
        if (!key.IsInvalid)
        {
            return key;
        }

        key.Dispose();
        return null;
    }

    /// <summary>True where the signature is this key's.</summary>
    public bool Verifies(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        var held = false;
        var context = LibCrypto.NewDigestContext();
        try
        {
            DangerousAddRef(ref held);
            fixed (byte* message = signed, bytes = signature)
            {
                return context != 0
                    && LibCrypto.BeginVerification(context, null, null, 0, null, handle, null) == 1
                    && LibCrypto.Verify(context, bytes, (nuint)signature.Length, message, (nuint)signed.Length) == 1;
            }
        }
        finally
        {
            LibCrypto.FreeDigestContext(context);
            LibCrypto.ClearErrors();
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LibCrypto.FreeKey(handle);
        return true;
    }
}
