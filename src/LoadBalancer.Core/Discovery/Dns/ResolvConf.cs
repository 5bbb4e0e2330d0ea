using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Discovery.Dns;

/// <summary>How the machine looks names up: <c>/etc/resolv.conf</c> (resolv.conf(5)). Immutable.</summary>
internal sealed record ResolvConf
{
    private const int MostServers = 3;
    private const int DnsPort = 53;

    /// <summary>The name servers, three at most, in the order of the file; this machine's own where it names none.</summary>
    public ImmutableArray<IPEndPoint> Servers { get; private init; } = [];

    /// <summary>The domains in which a short name is looked for.</summary>
    public ImmutableArray<string> Search { get; private init; } = [];

    /// <summary>A name with this many dots is looked up as it stands before it is searched for; 0 to 15.</summary>
    public int Ndots { get; private init; } = 1;

    /// <summary>How long to wait for one server; 1 to 30 s.</summary>
    public TimeSpan Timeout { get; private init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often each server is asked; 1 to 5.</summary>
    public int Attempts { get; private init; } = 2;

    /// <summary>True where lookups begin with each of the servers in turn.</summary>
    public bool Rotate { get; private init; }

    /// <summary>Reads the file's text. What is not understood is passed over, as the C library does.</summary>
    /// <param name="text">The file.</param>
    /// <param name="hostName">This machine's name: its domain is searched where the file says nothing of it.</param>
    public static ResolvConf Parse(string text, string hostName)
    {
        var dot = hostName.IndexOf('.', StringComparison.Ordinal);
        var read = new ResolvConf { Search = dot < 0 ? [] : Domains([hostName[(dot + 1)..]]) };
        foreach (var line in text.Split('\n').Where(line => line is not ['#' or ';', ..]))
        {
            read = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) switch
            {
                ["nameserver", var server, ..] when read.Servers.Length < MostServers && AddressText.TryParseIp(server, out var address) =>
                    read with { Servers = read.Servers.Add(new IPEndPoint(address, DnsPort)) },
                ["domain", var domain, ..] => read with { Search = Domains([domain]) },
                ["search", .. var domains] => read with { Search = Domains(domains) },
                ["options", .. var options] => options.Aggregate(read, static (conf, option) => conf.With(option)),
                _ => read,
            };
        }

        return read.Servers.IsEmpty ? read with { Servers = [new IPEndPoint(IPAddress.Loopback, DnsPort)] } : read;
    }

    /// <summary>
    /// The whole names that <paramref name="name"/> may mean, in the order in which they are tried. A name with a dot at its end
    /// means itself alone.
    /// </summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
        {
            return [name];
        }

        var searched = Search.Select(domain => $"{name}.{domain}");
        return name.Count(letter => letter == '.') >= Ndots ? [name, .. searched] : [.. searched, name];
    }

    private static ImmutableArray<string> Domains(IEnumerable<string> domains) =>
        [.. domains.Select(domain => domain.Trim('.')).Where(domain => DnsName.TryParse(domain, out _)).Distinct(StringComparer.OrdinalIgnoreCase)];

    private ResolvConf With(string option) => option.Split(':') switch
    {
        ["rotate"] => this with { Rotate = true },
        ["ndots", var number] => this with { Ndots = Bounded(number, 0, 15, Ndots) },
        ["timeout", var number] => this with { Timeout = TimeSpan.FromSeconds(Bounded(number, 1, 30, (int)Timeout.TotalSeconds)) },
        ["attempts", var number] => this with { Attempts = Bounded(number, 1, 5, Attempts) },
        _ => this,
    };

    private static int Bounded(string text, int least, int most, int otherwise) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, least, most) : otherwise;
}
