using System.Globalization;
using System.Runtime.InteropServices;
using LoadBalancer.Faults;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>Why a call of libssl failed, from the thread's queue of errors (ERR_get_error(3)).</summary>
internal static unsafe class OpenSslFailure
{
    private const int LibraryOfSsl = 20;
    private const int LibraryOfX509 = 11;
    private const int VerifyFailed = 134;
    private const int HttpRequest = 156;
    private const int NoSharedCipher = 193;
    private const int NoPeerCertificate = 199;
    private const int NoApplicationProtocol = 235;
    private const int UnsupportedProtocol = 258;
    private const int WrongVersionNumber = 267;
    private const int KeyValuesMismatch = 116;
    private const int AlertOffset = 1000;
    private const int NoStartLine = 108;
    private const int UnexpectedEnd = 294;

    /// <summary>What it was, and as a sentence; the queue is empty afterwards.</summary>
    public static (FaultKind Kind, string Text) Take(OpenSslSession session, bool handshake, bool hasWireEnded, out bool metHttp)
    {
        metHttp = false;

        // The last is what it came to; those before it are the steps that led there, of libcrypto's.
        var error = LibCrypto.LookAtLastError();
        LibCrypto.ClearErrors();
        var isServer = session.Context is not null;
        if (error == 0)
        {
            return hasWireEnded
                ? (isServer ? FaultKind.TlsHandshakeFailed : FaultKind.TlsFailed, handshake ? "the peer closed in the middle of the handshake" : "the peer closed")
                : (FaultKind.Bug, "libssl failed without saying why");
        }

        var reason = Reason(error);
        metHttp = reason == HttpRequest;
        if (!handshake)
        {
            return (FaultKind.TlsRecordInvalid, Describe(error));
        }

        if (reason == VerifyFailed)
        {
            var why = Marshal.PtrToStringUTF8((nint)LibCrypto.DescribeVerifyResult(LibSsl.GetVerifyResult(session.Handle)));
            return isServer
                ? (FaultKind.ClientCertificateInvalid, $"the client's certificate is refused: {why}")
                : (FaultKind.TlsVerifyFailed, $"the endpoint's certificate is refused: {why}");
        }

        return reason switch
        {
            UnexpectedEnd => (Kind(isServer), "the peer closed in the middle of the handshake"),
            NoPeerCertificate when isServer => (FaultKind.ClientCertificateMissing, "the client has shown no certificate"),
            HttpRequest => (Kind(isServer), "the client speaks HTTP without TLS"),
            WrongVersionNumber => (Kind(isServer), isServer ? "the client does not speak TLS" : "the endpoint does not speak TLS"),
            UnsupportedProtocol => (Kind(isServer), "no version of TLS that both speak"),
            NoSharedCipher => (Kind(isServer), "no cipher suite that both have"),
            NoApplicationProtocol => (Kind(isServer), "no application protocol (ALPN) that both speak"),
            > AlertOffset and < AlertOffset + 256 => (Kind(isServer), $"the peer sent the alert {Alert(error)}"),
            _ => (Kind(isServer), Describe(error)),
        };
    }

    /// <summary>What a call that sets something up has failed of; the queue is empty afterwards.</summary>
    public static string TakeText()
    {
        var error = LibCrypto.TakeError();
        LibCrypto.ClearErrors();
        return (Library(error), Reason(error)) switch
        {
            (LibraryOfX509, KeyValuesMismatch) => "the private key does not belong to the certificate",
            (_, NoStartLine) => "there is no PEM block of the kind that is wanted in it",
            _ => Describe(error),
        };
    }

    private static FaultKind Kind(bool isServer) => isServer ? FaultKind.TlsHandshakeFailed : FaultKind.TlsFailed;

    private static string Alert(ulong error)
    {
        var text = Describe(error);
        var at = text.IndexOf(" alert ", StringComparison.Ordinal);
        return at < 0 ? text : text[(at + " alert ".Length)..];
    }

    // ERR_GET_LIB and ERR_GET_REASON are macros: system errors have the highest of 32 bits set.
    private static int Library(ulong error) => (error & 0x8000_0000) != 0 ? 2 : (int)((error >> 23) & 0xff);

    private static int Reason(ulong error) => Library(error) == LibraryOfSsl || Library(error) is LibraryOfX509 or 9 ? (int)(error & 0x7f_ffff) : 0;

    private static string Describe(ulong error) =>
        Marshal.PtrToStringUTF8((nint)LibCrypto.DescribeError(error)) is { Length: > 0 } text
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"libssl's error {error:x}");
}
