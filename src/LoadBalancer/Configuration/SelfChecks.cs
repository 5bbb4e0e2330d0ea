using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// Whether a listener leads to itself. It would accept its own connection, and that one again, until <c>max_connections</c>
/// or the last descriptor.
/// </summary>
/// <remarks>
/// Nothing is looked up at load: of names only <c>localhost</c> and the machine's own are known. <c>localhost</c> is 127.0.0.1
/// everywhere, and that is an error; whether it is ::1 too, and what the machine's own name leads to, /etc/hosts and DNS
/// decide, and that is a warning. The time grows with the file, and not with listeners times endpoints.
/// </remarks>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes errors and warnings.</param>
internal sealed class SelfChecks(GatewayOptions options, MapNode root, ConfigReader reader)
{
    // An address stands once among all listeners, or that is an error of its own.
    private readonly Dictionary<EndPoint, string> _bound = [];
    private readonly Dictionary<string, HashSet<string>> _leading = [];

    /// <summary>An IPv4 address that is written as IPv6 is the IPv4 address.</summary>
    public static EndPoint Unmapped(EndPoint address) =>
        address is IPEndPoint { Address.IsIPv4MappedToIPv6: true } ip ? new IPEndPoint(ip.Address.MapToIPv4(), ip.Port) : address;

    /// <summary>Checks every upstream that a listener leads to.</summary>
    public void Run()
    {
        foreach (var (name, listener) in options.Listeners)
        {
            foreach (var address in listener.Bind)
            {
                _bound.TryAdd(Unmapped(address), name);
            }

            foreach (var upstream in listener.Upstreams)
            {
                if (!_leading.TryGetValue(upstream, out var names))
                {
                    names = _leading[upstream] = new(StringComparer.Ordinal);
                }

                names.Add(name);
            }
        }

        foreach (var (name, upstream) in options.Upstreams)
        {
            if (_leading.TryGetValue(name, out var listeners))
            {
                EndpointsAreOthers(name, upstream, listeners);
                NameIsAnothers(name, upstream, listeners);
            }
        }
    }

    private void EndpointsAreOthers(string name, UpstreamOptions upstream, HashSet<string> listeners)
    {
        for (var index = 0; index < upstream.Endpoints.Count; index++)
        {
            if (upstream.Endpoints[index].Address is { } address && Acceptor(Unmapped(address), listeners) is { } listener)
            {
                var place = root.Locate("upstreams", name, "endpoints").LocateItem(index, upstream.Endpoints.Count).Locate("address");
                reader.Error(place.Span, $"the endpoint {place.Found} is the listener '{listener}' itself");
            }
        }
    }

    private void NameIsAnothers(string name, UpstreamOptions upstream, HashSet<string> listeners)
    {
        if (upstream.Discover is not { Dns: { Name.Length: > 0 } dns })
        {
            return;
        }

        var place = root.Locate("upstreams", name, "discover", "dns");
        var isLocalhost = Is(dns.Name, "localhost");
        if (isLocalhost && Acceptor(new IPEndPoint(IPAddress.Loopback, dns.Port), listeners) is { } listener)
        {
            reader.Error(place.Span, $"{place.Found} is the listener '{listener}' itself");
        }
        else if ((isLocalhost ? Acceptor(new IPEndPoint(IPAddress.IPv6Loopback, dns.Port), listeners) : AcceptorOfMachine(dns, listeners)) is { } likely)
        {
            reader.Warn(place.Span, $"{place.Found} is a name of this machine, and may be the listener '{likely}' itself");
        }
    }

    private string? AcceptorOfMachine(NameWithPort dns, HashSet<string> listeners) => Is(dns.Name, Dns.GetHostName())
        ? Find(new IPEndPoint(IPAddress.Any, dns.Port), listeners) ?? Find(new IPEndPoint(IPAddress.IPv6Any, dns.Port), listeners)
        : null;

    /// <summary>The listener that accepts what connects to <paramref name="address"/>, where it is one of <paramref name="listeners"/>.</summary>
    private string? Acceptor(EndPoint address, HashSet<string> listeners) =>
        Find(address, listeners)
        ?? (address is IPEndPoint ip && IPAddress.IsLoopback(ip.Address)
            ? Find(new IPEndPoint(ip.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, ip.Port), listeners)
            : null);

    private string? Find(EndPoint address, HashSet<string> listeners) =>
        _bound.TryGetValue(address, out var listener) && listeners.Contains(listener) ? listener : null;

    // A dot at the end means the same name, not to be searched for.
    private static bool Is(string name, string own) => name.AsSpan().TrimEnd('.').Equals(own.AsSpan().TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
