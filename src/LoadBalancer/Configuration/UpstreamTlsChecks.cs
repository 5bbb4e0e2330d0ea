using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Tls;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of an upstream's <c>tls</c> cannot tell alone: whether its files are there and belong together, and what is dangerous.</summary>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets there are no private keys, and no file is looked at.</param>
internal sealed class UpstreamTlsChecks(MapNode root, ConfigReader reader, LoadSettings settings)
{
    /// <summary>Checks the TLS of one upstream.</summary>
    public void Run(string name, UpstreamOptions upstream)
    {
        if (upstream.Tls is not { } tls || root.Locate("upstreams", name, "tls") is not MapNode { Label: "tls" } written)
        {
            return;
        }

        KeyAndCertificateGoTogether(tls, written);
        NameIsKnown(tls, upstream, written);
        NameIsOne(tls, written);
        if (!settings.WithoutSecrets && !reader.LeftUnknown)
        {
            FilesAreUsable(tls, upstream, written);
        }

        if (tls.Insecure && written.Find("insecure") is { } insecure)
        {
            reader.Warn(
                insecure.Place,
                $"'insecure: true': the certificates of the upstream '{name}' are not verified, so anybody on the way to its endpoints can read and change everything; give it 'ca' instead");
            if (written.Find("ca") is { } ca)
            {
                reader.Warn(ca.Place, "'ca' does nothing beside 'insecure: true'");
            }
        }
    }

    private void KeyAndCertificateGoTogether(UpstreamTlsOptions tls, MapNode written)
    {
        if (tls.Cert is null != tls.Key is null && (written.Find("cert") ?? written.Find("key")) is { } alone && written.Find(tls.Cert is null ? "cert" : "key") is null)
        {
            reader.Error(alone.Place, $"'{alone.Key}' needs '{(tls.Cert is null ? "cert" : "key")}' beside it: a certificate and its private key");
        }
    }

    private void NameIsKnown(UpstreamTlsOptions tls, UpstreamOptions upstream, MapNode written)
    {
        if (!tls.Insecure && tls.ServerName is null && upstream.OwnName is null && upstream.Endpoints.Any(endpoint => endpoint.Address is UnixDomainSocketEndPoint))
        {
            reader.Error(written.Span, "the certificate behind a Unix socket is for no address: 'server_name' must say which name it is for");
        }
    }

    // libssl takes no such name for an address, and a certificate for it is nobody's: better said here than with each connection.
    private void NameIsOne(UpstreamTlsOptions tls, MapNode written)
    {
        if (tls.ServerName is { } name && name.All(letter => char.IsAsciiDigit(letter) || letter == '.') && !AddressText.TryParseIp(name, out _) && written.Find("server_name") is { } said)
        {
            reader.Error(said.Place, $"'{name}' is neither a host name nor an IP address: no certificate can be for it");
        }
    }

    private void FilesAreUsable(UpstreamTlsOptions tls, UpstreamOptions upstream, MapNode written)
    {
        try
        {
            UpstreamTlsFiles.Read(tls, upstream.OwnName);
        }
        catch (TlsSetupException error)
        {
            var key = error.File == tls.Ca ? "ca" : error.File == tls.Cert ? "cert" : "key";
            reader.Error(written.Locate(key).Span, $"cannot use {error.File}: {ScalarNode.Clean(error.Message)}");
        }
    }
}
