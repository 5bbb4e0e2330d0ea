using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of a listener's <c>tls</c> cannot tell alone: whether its files are any use, and whether it fits the rest.</summary>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets there are no private keys, and no file is looked at.</param>
/// <param name="time">The clock by which certificates expire.</param>
internal sealed class TlsChecks(MapNode root, ConfigReader reader, LoadSettings settings, TimeProvider time)
{
    /// <summary>Checks one listener.</summary>
    public void Run(string name, ListenerOptions listener)
    {
        if (listener.Tls is not { } tls || root.Locate("listeners", name, "tls") is not MapNode { Label: "tls" } written)
        {
            return;
        }

        if (listener.Tcp is not null && (root.Locate("listeners", name, "tcp") as MapNode)?.Find("sni") is { } sni)
        {
            reader.Error(sni.Place, "'sni' routes TLS that lb does not decrypt, and with 'tls' it decrypts: leave one of them out");
        }

        if (tls.ClientCertificates is { Mode: ClientCertificateMode.Off } && written.Locate("client_certificates", "mode") is ScalarNode mode)
        {
            reader.Warn(mode.Span, "with 'mode: off' nobody is asked for a certificate, and 'ca' is not read");
        }

        if (!settings.WithoutSecrets && !reader.LeftUnknown)
        {
            FilesAreUsable(name, tls, written);
        }
    }

    private void FilesAreUsable(string name, TlsOptions tls, MapNode written)
    {
        var files = new TlsFiles(time.GetUtcNow());
        var material = files.Read(tls);
        foreach (var fault in files.Faults)
        {
            var place = Place(written, fault.Path, tls.Certificates.Count);
            if (fault.IsWarning)
            {
                reader.Warn(place, fault.Message);
            }
            else
            {
                reader.Error(place, fault.Message);
            }
        }

        if (material is not null && OpenSslEngine.IsAvailable && tls.ClientCertificates is not { Ca: null })
        {
            EngineTakesThem(material.For(name, tls, [], new TicketKeys(TicketKeys.NewKey())), tls, written);
        }
    }

    // A key may be too short for it, for example.
    private void EngineTakesThem(TlsServerSettings settings, TlsOptions tls, MapNode written)
    {
        try
        {
            new OpenSslEngine().CreateServer(settings);
        }
        catch (TlsSetupException error)
        {
            var at = tls.Certificates.Items.FirstOrDefault(certificate => certificate.Cert == error.File) is { } certificate ? tls.Certificates.Items.IndexOf(certificate) : -1;
            string[] path = at < 0 ? ["client_certificates", "ca"] : ["certificates", at.ToString(CultureInfo.InvariantCulture), "cert"];
            reader.Error(Place(written, path, tls.Certificates.Count), $"{error.File ?? tls.ClientCertificates?.Ca} is no use: {error.Message}");
        }
    }

    // One certificate may stand for a list of one. Items with errors were left out, so an index says where an item stands only while the list is whole.
    private static SourceSpan Place(MapNode written, IReadOnlyList<string> path, int count)
    {
        if (path.Count == 3 && int.TryParse(path[1], NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            var certificates = written.Locate(path[0]);
            return certificates is ListNode list
                ? list.Items.Count == count ? list.Locate(path[1], path[2]).Span : list.Span
                : certificates.Locate(path[2]).Span;
        }

        return written.Locate([.. path]).Span;
    }
}
