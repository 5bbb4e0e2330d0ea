using System.Net;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Discovery;

/// <summary>The kinds of discovery by the key that the file gives them. A new one is its folder, a key of <see cref="DiscoverOptions"/> and a line here.</summary>
internal static class DiscoveryCatalog
{
    /// <summary>A discovery that does not run yet.</summary>
    /// <param name="upstream">The name of the upstream that it is for.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="context">Time, chance, whom to tell.</param>
    public static EndpointDiscovery Build(string upstream, DiscoverOptions options, BuildContext context) => new DnsDiscovery(
        upstream, options, new DnsResolver([.. options.Resolver.Items.Cast<IPEndPoint>()], context.Time).LookUpAsync, context);
}
