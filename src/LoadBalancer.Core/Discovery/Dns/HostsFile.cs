using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Discovery.Dns;

/// <summary>The names that the machine itself knows: <c>/etc/hosts</c> (hosts(5)). Immutable.</summary>
internal sealed class HostsFile
{
    private readonly Dictionary<string, List<IPAddress>> _addresses;

    private HostsFile(Dictionary<string, List<IPAddress>> addresses) => _addresses = addresses;

    /// <summary>Reads the file's text. A line that says nothing sensible is passed over, as everybody does with this file.</summary>
    public static HostsFile Parse(string text)
    {
        var addresses = new Dictionary<string, List<IPAddress>>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !AddressText.TryParseIp(words[0], out var address))
            {
                continue;
            }

            foreach (var name in words.Skip(1).Select(name => name.TrimEnd('.')))
            {
                if (!addresses.TryGetValue(name, out var known))
                {
                    addresses[name] = known = [];
                }

                // What stands there twice is dropped when it is asked for: a name may stand on as many lines as the file has.
                known.Add(address);
            }
        }

        return new HostsFile(addresses);
    }

    /// <summary>The addresses of a name, of both families; none where the file does not have it.</summary>
    public ImmutableArray<IPAddress> Find(string name) => [.. _addresses.GetValueOrDefault(name.TrimEnd('.'), []).Distinct()];
}
