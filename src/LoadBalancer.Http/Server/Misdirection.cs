using LoadBalancer.Tls;

namespace LoadBalancer.Http.Server;

/// <summary>Whether a request has come by a connection that was made for another host (RFC 9110 section 15.5.20).</summary>
internal static class Misdirection
{
    /// <summary>
    /// True where the client would have seen another certificate, had it asked TLS for the host that it asks HTTP for: a connection that one
    /// name's policy let in is no way to another's. Where clients show certificates the names must be the same; a client that asked TLS for no
    /// name counts as one that asked for the default certificate's.
    /// </summary>
    /// <param name="tls">The session that the request came by.</param>
    /// <param name="host">The host that it asks for, in lower case and without a port.</param>
    public static bool Is(TlsSession tls, ReadOnlySpan<byte> host)
    {
        var name = tls.ServerName;
        if (name.SequenceEqual(host) || tls.Server is not { } server)
        {
            return false;
        }

        if (!name.IsEmpty && server.Settings.ClientCertificates != ClientCertificateMode.Off)
        {
            return true;
        }

        if (server.Certificates.Count == 1)
        {
            return false;
        }

        var wanted = server.Certificates.Find(host);
        return wanted >= 0 && wanted != Math.Max(server.Certificates.Find(name), 0);
    }
}
