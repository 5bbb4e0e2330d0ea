using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>What is used of libcrypto 3, by the names of its manual (section 3ssl).</summary>
internal static unsafe partial class LibCrypto
{
    /// <summary>The library that libssl is built on.</summary>
    public const string Library = "libcrypto.so.3";

    public const int BioTypeSourceSink = 0x0400;
    public const int BioControlFlush = 11;
    public const int BioReadRetry = 0x01 | 0x08;
    public const int BioAllFlags = 0x0f;
    public const uint ParameterText = 4;
    public const uint ParameterBytes = 5;

    [LibraryImport(Library, EntryPoint = "BIO_get_new_index")]
    public static partial int NewBioIndex();

    [LibraryImport(Library, EntryPoint = "BIO_meth_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewBioMethod(int type, string name);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_read")]
    public static partial int SetBioRead(nint method, void* callback);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_write")]
    public static partial int SetBioWrite(nint method, void* callback);

    [LibraryImport(Library, EntryPoint = "BIO_meth_set_ctrl")]
    public static partial int SetBioControl(nint method, void* callback);

    [LibraryImport(Library, EntryPoint = "BIO_new")]
    public static partial nint NewBio(nint method);

    [LibraryImport(Library, EntryPoint = "BIO_set_init")]
    public static partial void SetBioReady(nint bio, int ready);

    [LibraryImport(Library, EntryPoint = "BIO_set_flags")]
    [SuppressGCTransition]
    public static partial void SetBioFlags(nint bio, int flags);

    [LibraryImport(Library, EntryPoint = "BIO_clear_flags")]
    [SuppressGCTransition]
    public static partial void ClearBioFlags(nint bio, int flags);

    [LibraryImport(Library, EntryPoint = "BIO_new_mem_buf")]
    public static partial nint NewMemoryBio(byte* bytes, int length);

    [LibraryImport(Library, EntryPoint = "BIO_up_ref")]
    public static partial int ShareBio(nint bio);

    [LibraryImport(Library, EntryPoint = "BIO_free")]
    public static partial int FreeBio(nint bio);

    [LibraryImport(Library, EntryPoint = "PEM_read_bio_X509")]
    public static partial nint ReadCertificate(nint bio, nint reuse, void* password, void* argument);

    [LibraryImport(Library, EntryPoint = "PEM_read_bio_PrivateKey")]
    public static partial nint ReadPrivateKey(nint bio, nint reuse, void* password, void* argument);

    [LibraryImport(Library, EntryPoint = "X509_free")]
    public static partial void FreeCertificate(nint certificate);

    [LibraryImport(Library, EntryPoint = "X509_get0_notAfter")]
    public static partial nint GetNotAfter(nint certificate);

    [LibraryImport(Library, EntryPoint = "X509_cmp_time")]
    public static partial int CompareTime(nint time, long* other);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    public static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "X509_STORE_add_cert")]
    public static partial int AddToStore(nint store, nint certificate);

    [LibraryImport(Library, EntryPoint = "i2d_X509")]
    public static partial int EncodeCertificate(nint certificate, byte** output);

    [LibraryImport(Library, EntryPoint = "X509_verify_cert_error_string")]
    public static partial byte* DescribeVerifyResult(nint result);

    [LibraryImport(Library, EntryPoint = "X509_VERIFY_PARAM_set1_ip_asc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetVerifiedAddress(nint parameters, string address);

    [LibraryImport(Library, EntryPoint = "X509_VERIFY_PARAM_set_hostflags")]
    public static partial void SetHostFlags(nint parameters, uint flags);

    [LibraryImport(Library, EntryPoint = "CRYPTO_malloc")]
    public static partial void* Allocate(nuint bytes, byte* file, int line);

    [LibraryImport(Library, EntryPoint = "ERR_get_error")]
    public static partial ulong TakeError();

    [LibraryImport(Library, EntryPoint = "ERR_peek_error")]
    public static partial ulong LookAtError();

    [LibraryImport(Library, EntryPoint = "ERR_peek_last_error")]
    public static partial ulong LookAtLastError();

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Library, EntryPoint = "ERR_reason_error_string")]
    public static partial byte* DescribeError(ulong error);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_fetch", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FetchCipher(nint library, string name, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_EncryptInit_ex")]
    public static partial int BeginEncryption(nint context, nint cipher, nint engine, byte* key, byte* vector);

    [LibraryImport(Library, EntryPoint = "EVP_DecryptInit_ex")]
    public static partial int BeginDecryption(nint context, nint cipher, nint engine, byte* key, byte* vector);

    [LibraryImport(Library, EntryPoint = "EVP_MAC_CTX_set_params")]
    public static partial int SetMacParameters(nint context, Parameter* parameters);

    [LibraryImport(Library, EntryPoint = "RAND_bytes")]
    public static partial int FillRandom(byte* bytes, int length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key_ex", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewRawPublicKey(nint library, string kind, string? properties, byte* bytes, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    public static partial nint NewDigestContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    public static partial void FreeDigestContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit_ex", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BeginVerification(nint context, void* keyContext, string? digest, nint library, string? properties, nint key, void* parameters);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    public static partial int Verify(nint context, byte* signature, nuint signatureLength, byte* message, nuint length);

    [LibraryImport(Library, EntryPoint = "d2i_PUBKEY")]
    public static partial nint DecodePublicKey(void* reuse, byte** bytes, nint length);

    [LibraryImport(Library, EntryPoint = "EVP_MD_fetch", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FetchDigest(nint library, string name, string? properties);

    [LibraryImport(Library, EntryPoint = "EVP_MD_free")]
    public static partial void FreeDigest(nint digest);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_new")]
    public static partial nint NewKeyContext(nint key, nint engine);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_free")]
    public static partial void FreeKeyContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_verify_init")]
    public static partial int BeginKeyVerification(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_set_rsa_padding")]
    public static partial int SetRsaPadding(nint context, int padding);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_set_rsa_pss_saltlen")]
    public static partial int SetPssSaltLength(nint context, int length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_CTX_set_signature_md")]
    public static partial int SetSignatureDigest(nint context, nint digest);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_verify")]
    public static partial int VerifyHash(nint context, byte* signature, nuint signatureLength, byte* hash, nuint length);

    /// <summary>OSSL_PARAM(3): a list of them ends with one without a name.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Parameter
    {
        public byte* Name;
        public uint Type;
        public void* Data;
        public nuint Length;
        public nuint Returned;
    }
}
