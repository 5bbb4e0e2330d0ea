using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>
/// The verification of RSA signatures with one key, padding and hash, made ready once (EVP_PKEY_verify(3)): to make it ready for each signature takes a
/// fifth of the time of the signature itself. Of one thread at a time.
/// </summary>
internal sealed unsafe class RsaVerification() : SafeHandle(0, ownsHandle: true)
{
    private const int Pkcs1 = 1;
    private const int Pss = 6;
    private const int SaltOfHashLength = -1;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The verification; null where libcrypto makes none of it.</summary>
    /// <param name="publicKey">The key, a SubjectPublicKeyInfo in DER.</param>
    /// <param name="hash">The hash as libcrypto calls it, such as <c>SHA256</c>.</param>
    /// <param name="pss">True for PSS with a salt of the hash's length, false for PKCS #1 v1.5.</param>
    public static RsaVerification? TryCreate(ReadOnlySpan<byte> publicKey, string hash, bool pss)
    {
        var verification = new RsaVerification();
        nint key = 0, digest = 0;
        try
        {
            fixed (byte* der = publicKey)
            {
                var at = der;
                key = LibCrypto.DecodePublicKey(null, &at, publicKey.Length);
            }

            digest = LibCrypto.FetchDigest(0, hash, null);
            if (key != 0 && digest != 0)
            {
                // It holds the key and the digest by references of its own.
                verification.SetHandle(LibCrypto.NewKeyContext(key, 0));
                if (!verification.IsInvalid
                    && LibCrypto.BeginKeyVerification(verification.handle) == 1
                    && LibCrypto.SetRsaPadding(verification.handle, pss ? Pss : Pkcs1) == 1
                    && LibCrypto.SetSignatureDigest(verification.handle, digest) == 1
                    && (!pss || LibCrypto.SetPssSaltLength(verification.handle, SaltOfHashLength) == 1))
                {
                    return verification;
                }
            }

            verification.Dispose();
            return null;
        }
        finally
        {
            LibCrypto.FreeKey(key);
            LibCrypto.FreeDigest(digest);
            LibCrypto.ClearErrors();
        }
    }

    /// <summary>True where the signature is the key's, of data with that hash.</summary>
    public bool Verifies(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        int result;
        fixed (byte* digest = hash, bytes = signature)
        {
            result = LibCrypto.VerifyHash(handle, bytes, (nuint)signature.Length, digest, (nuint)hash.Length);
        }

        GC.KeepAlive(this);
        if (result != 1)
        {
            LibCrypto.ClearErrors();
        }

        return result == 1;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LibCrypto.FreeKeyContext(handle);
        return true;
    }
}
