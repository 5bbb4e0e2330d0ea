using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Discovery.Dns;

/// <summary>
/// Lookups names up as the machine does: <c>/etc/hosts</c>, then the name servers, with the search list of
/// <c>/etc/resolv.conf</c>. Not thread-safe: one lookup at a time.
/// </summary>
/// <remarks>
/// It exists because getaddrinfo(3) does not say how long an answer is true, and blocks a thread while it waits. In one thing
/// it differs from it: where nobody could say whether a name exists, the search list is not gone on with. A name server that
/// is restarted must not turn <c>orders.internal</c> into an <c>orders.internal.example.com</c> of somebody else.
/// </remarks>
internal sealed class DnsResolver
{
    /// <summary>How long what stands in /etc/hosts is taken for true: the file may change at any time, and to look costs little.</summary>
    public static readonly TimeSpan HostsTtl = TimeSpan.FromSeconds(5);

    private readonly WatchedFile<HostsFile> _hosts;
    private readonly WatchedFile<ResolvConf> _conf;
    private readonly ImmutableArray<IPEndPoint> _servers;
    private readonly TimeProvider _time;
    private int _turn;

    /// <summary>A resolver.</summary>
    /// <param name="servers">Whom to ask instead of the servers of <c>/etc/resolv.conf</c>; empty for those.</param>
    /// <param name="time">The clock of the timeouts.</param>
    /// <param name="etc">The folder of the two files.</param>
    public DnsResolver(ImmutableArray<IPEndPoint> servers, TimeProvider time, string etc = "/etc")
    {
        _servers = servers;
        _time = time;
        _hosts = new(Path.Combine(etc, "hosts"), HostsFile.Parse);
        _conf = new(Path.Combine(etc, "resolv.conf"), static text => ResolvConf.Parse(text, System.Net.Dns.GetHostName()));
    }

    /// <summary>Lookups <paramref name="name"/> up. Whatever goes wrong is in the answer.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<DnsLookup> LookUpAsync(string name, CancellationToken cancellationToken)
    {
        if (_hosts.Read().Find(name) is { IsEmpty: false } written)
        {
            return new DnsLookup(Written(written, AddressFamily.InterNetwork), Written(written, AddressFamily.InterNetworkV6));
        }

        var conf = _conf.Read();
        var servers = InTurn(_servers.IsEmpty ? conf.Servers : _servers, conf.Rotate);
        DnsLookup? last = null;
        foreach (var candidate in conf.Candidates(name))
        {
            if (!DnsName.TryParse(candidate, out var whole))
            {
                continue;
            }

            var answers = await Task.WhenAll(
                AskAsync(servers, whole, DnsType.A, conf, cancellationToken), AskAsync(servers, whole, DnsType.Aaaa, conf, cancellationToken));
            last = new DnsLookup(answers[0], answers[1]);
            if (answers.Any(answer => answer.Outcome is DnsOutcome.Found or DnsOutcome.Failed))
            {
                return last;
            }
        }

        return last ?? new DnsLookup(TooLong(name), TooLong(name));
    }

    private static DnsAnswer Written(ImmutableArray<IPAddress> written, AddressFamily family)
    {
        ImmutableArray<IPAddress> addresses = [.. written.Where(address => address.AddressFamily == family)];
        return new DnsAnswer(addresses.IsEmpty ? DnsOutcome.NoAddress : DnsOutcome.Found, addresses, HostsTtl, "");
    }

    private static DnsAnswer TooLong(string name) => new(DnsOutcome.NoName, [], Ttl: null, $"{name} is too long for a name");

    private NameServer[] InTurn(ImmutableArray<IPEndPoint> servers, bool rotate)
    {
        var first = rotate ? _turn++ % servers.Length : 0;
        return [.. servers[first..].Concat(servers[..first]).Select(server => new NameServer(server, _time))];
    }

    private static async Task<DnsAnswer> AskAsync(NameServer[] servers, DnsName name, DnsType type, ResolvConf conf, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        for (var attempt = 0; attempt < conf.Attempts; attempt++)
        {
            foreach (var server in servers)
            {
                try
                {
                    var reply = await server.AskAsync(name, type, conf.Timeout, cancellationToken);
                    if (reply.Code is DnsResponseCode.NoError or DnsResponseCode.NxDomain)
                    {
                        return Answer(reply, name, type);
                    }

                    failures.Add($"{server} answered {reply.Code.ToString().ToUpperInvariant()}");
                }
                catch (NameServerException error)
                {
                    failures.Add(error.Message);
                }
            }
        }

        return new DnsAnswer(DnsOutcome.Failed, [], Ttl: null, $"{name}: {string.Join("; ", failures.Distinct())}");
    }

    private static DnsAnswer Answer(DnsReply reply, DnsName name, DnsType type) =>
        !reply.Addresses.IsEmpty ? new DnsAnswer(DnsOutcome.Found, reply.Addresses, reply.Ttl, "")
        : reply.Code == DnsResponseCode.NxDomain ? new DnsAnswer(DnsOutcome.NoName, [], reply.Ttl, $"there is no name {name}")
        : new DnsAnswer(DnsOutcome.NoAddress, [], reply.Ttl, $"{name} has no {(type == DnsType.A ? "IPv4" : "IPv6")} address");
}
