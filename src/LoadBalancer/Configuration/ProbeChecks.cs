using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Health;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of <c>health.active</c> cannot tell alone: whether it fits the probe's type, the other keys and the endpoints.</summary>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
internal sealed class ProbeChecks(MapNode root, ConfigReader reader)
{
    /// <summary>Checks the probes of one upstream.</summary>
    public void Run(string name, UpstreamOptions upstream)
    {
        if (upstream.Health.Active is { } probe && root.Locate("upstreams", name, "health", "active") is MapNode { Label: "active" } written)
        {
            KeysFitTheType(probe, written);
            BodyCanCome(probe, written);
            PortExists(probe, upstream, written);
            AuthoritiesAreThere(probe, upstream, written);
        }
    }

    private void KeysFitTheType(ActiveHealthOptions probe, MapNode written)
    {
        // A type that could not be read has its own error, and says nothing about the other keys.
        if (written.Find("type")?.Value is { } type && (type as ScalarNode)?.Written != probe.Type)
        {
            return;
        }

        foreach (var entry in written.Entries)
        {
            var types = ProbeCatalog.TypesWith(entry.Key);
            if (!types.IsEmpty && !types.Contains(probe.Type))
            {
                var present = written.Find("type") is null ? $"without a type it is 'type: {probe.Type}'" : $"this one has 'type: {probe.Type}'";
                reader.Error(entry.Place, $"'{entry.Key}' goes with a probe of {string.Join(" or ", types.Select(type => $"'type: {type}'"))}, and {present}");
            }
        }
    }

    private void BodyCanCome(ActiveHealthOptions probe, MapNode written)
    {
        if (probe is { Method: "HEAD", Body: not null } && written.Find("body") is { } body)
        {
            reader.Error(body.Place, "the answer to 'method: HEAD' has no body; leave the method out, or the body");
        }
    }

    private void PortExists(ActiveHealthOptions probe, UpstreamOptions upstream, MapNode written)
    {
        if (probe.Port is not null && written.Find("port") is { } port && upstream.Endpoints.Any(endpoint => endpoint.Address is UnixDomainSocketEndPoint))
        {
            reader.Error(port.Place, "a Unix socket has no port to probe: leave 'port' out, or give the endpoint an upstream of its own");
        }
    }

    private void AuthoritiesAreThere(ActiveHealthOptions probe, UpstreamOptions upstream, MapNode written)
    {
        if (probe.Tls?.Ca is not { } path)
        {
            return;
        }

        var place = written.Locate("tls", "ca").Span;
        if (probe.Tls.ServerName is null && upstream.Endpoints.Any(endpoint => endpoint.Address is UnixDomainSocketEndPoint))
        {
            reader.Error(place, "the certificate behind a Unix socket is for no address: 'server_name' must say which name it is for");
        }

        try
        {
            TrustedAuthorities.Read(path);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            reader.Error(place, $"cannot read the authorities in {ScalarNode.Quote(path)}: {ScalarNode.Clean(error.Message)}");
        }
    }
}
