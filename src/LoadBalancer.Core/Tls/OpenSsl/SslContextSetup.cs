using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>Fills SSL_CTX objects: the posture that both sides share, and what is read from PEM.</summary>
/// <remarks>
/// The posture is Mozilla's "intermediate" (version 5.7, ssl-config.mozilla.org) without its finite-field key exchange, which costs a server
/// far more than its client: TLS 1.2 and 1.3, forward secrecy, authenticated encryption, no compression, no renegotiation. The order of ciphers is a server's
/// own, cheapest first, and not the client's: all are as strong, and a scanner calls anything else a finding. But whoever puts ChaCha20 first has no AES in
/// hardware, and gets it.
/// </remarks>
internal static unsafe class SslContextSetup
{
    private const string Tls12Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" +
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    // OpenSSL's own order begins with AES-256.
    private const string Tls13Ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

    /// <summary>What holds for every context.</summary>
    public static SslContextHandle New(nint method, bool onlyTls13)
    {
        var context = SslContextHandle.Create(method);
        var pointer = context.Pointer;
        LibSsl.ContextControl(pointer, LibSsl.ControlMinVersion, onlyTls13 ? LibSsl.VersionTls13 : LibSsl.VersionTls12, null);
        LibSsl.SetOptions(pointer, LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation | LibSsl.OptionServerPreference | LibSsl.OptionPrioritizeChaCha);
        LibSsl.ContextControl(pointer, LibSsl.ControlMode, LibSsl.ModeReleaseBuffers | LibSsl.ModeAcceptMovingWriteBuffer, null);
        LibSsl.ContextControl(pointer, LibSsl.ControlReadAhead, 1, null);
        Check(LibSsl.SetCipherList(pointer, Tls12Ciphers), null);
        Check(LibSsl.SetCipherSuites(pointer, Tls13Ciphers), null);
        fixed (byte* groups = "X25519:P-256:P-384\0"u8)
        {
            Check((int)LibSsl.ContextControl(pointer, LibSsl.ControlGroups, 0, groups), null);
        }

        LibSsl.SetEventCallback(pointer, (delegate* unmanaged<nint, int, int, void>)&OnEvent);

        return context;
    }

    /// <summary>The certificate that is shown, those above it, and its key; beside those of other kinds of keys, or in place of one of the same.</summary>
    /// <returns>The certificate's X509, which belongs to the context.</returns>
    public static nint UseCertificate(SslContextHandle context, byte[] chainPem, byte[] keyPem, string? source)
    {
        nint shown = 0;
        foreach (var certificate in ReadCertificates(chainPem, source))
        {
            try
            {
                Check(shown == 0 ? LibSsl.UseCertificate(context.Pointer, certificate) : (int)LibSsl.ContextControl(context.Pointer, LibSsl.ControlChainCertificate, 1, (void*)certificate), source);
            }
            finally
            {
                LibCrypto.FreeCertificate(certificate);
            }

            shown = shown == 0 ? certificate : shown;
        }

        fixed (byte* bytes = keyPem)
        {
            var bio = LibCrypto.NewMemoryBio(bytes, keyPem.Length);
            var key = LibCrypto.ReadPrivateKey(bio, 0, (delegate* unmanaged<byte*, int, int, void*, int>)&NoPassword, null);
            _ = LibCrypto.FreeBio(bio);
            Check(key == 0 ? 0 : 1, source);
            var used = LibSsl.UsePrivateKey(context.Pointer, key);
            LibCrypto.FreeKey(key);
            Check(used, source);
        }

        Check(LibSsl.CheckPrivateKey(context.Pointer), source);
        return shown;
    }

    /// <summary>Who may vouch for the other side's certificate.</summary>
    public static void Trust(SslContextHandle context, byte[] authoritiesPem, bool tellClients, string? source)
    {
        foreach (var certificate in ReadCertificates(authoritiesPem, source))
        {
            _ = LibCrypto.AddToStore(LibSsl.GetStore(context.Pointer), certificate);
            if (tellClients)
            {
                _ = LibSsl.AddClientAuthority(context.Pointer, certificate);
            }

            LibCrypto.FreeCertificate(certificate);
        }
    }

    /// <summary>Throws where a call has failed.</summary>
    public static void Check(int result, string? source)
    {
        if (result != 1)
        {
            throw new TlsSetupException(source, OpenSslFailure.TakeText());
        }
    }

    private static List<nint> ReadCertificates(byte[] pem, string? source)
    {
        var certificates = new List<nint>();
        fixed (byte* bytes = pem)
        {
            var bio = LibCrypto.NewMemoryBio(bytes, pem.Length);
            while (LibCrypto.ReadCertificate(bio, 0, (delegate* unmanaged<byte*, int, int, void*, int>)&NoPassword, null) is var certificate and not 0)
            {
                certificates.Add(certificate);
            }

            _ = LibCrypto.FreeBio(bio);
        }

        var why = OpenSslFailure.TakeText();
        return certificates.Count > 0 ? certificates : throw new TlsSetupException(source, why);
    }

    // Nothing that is called by libssl may throw: see SocketBio.
    [UnmanagedCallersOnly]
    private static void OnEvent(nint ssl, int what, int value)
    {
        if ((what & (LibSsl.EventIsLoop | LibSsl.EventIsAlert)) != 0)
        {
            SocketBio.Current?.OnStep();
        }
    }

    // Without it libcrypto would ask for a password at the terminal.
    [UnmanagedCallersOnly]
    private static int NoPassword(byte* buffer, int length, int writing, void* argument) => -1;
}
