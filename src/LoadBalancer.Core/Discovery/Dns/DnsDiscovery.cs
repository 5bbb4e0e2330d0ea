using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Discovery.Dns;

/// <summary>
/// Every address of a name, followed by the lifetime of the answers.
/// </summary>
/// <remarks>
/// What stays when something fails. Where nobody answers, or the answer is that there is no such name or no address, the last
/// good set stays: an outage of DNS, or a zone that was emptied by mistake, is no reason to send clients away. Where one family of
/// addresses could not be asked for, its addresses of the last good set stay and the other family's are the new ones. Where
/// a family was asked for and has no address while the other has, it has none.
/// <para>
/// Of more addresses than <see cref="MostAddresses"/>, the first in the order of their bytes are taken, IPv4 before IPv6, so that
/// the same answer leads to the same endpoints. How many are left out is a line in the log each time that it changes.
/// </para>
/// <para>
/// A watch that follows another, after a reload, begins with what is known and looks when it is due, so that reloads add no lookup.
/// </para>
/// </remarks>
/// <param name="upstream">The name of the upstream that it is for.</param>
/// <param name="options">The name, and what its endpoints are.</param>
/// <param name="lookUp">Lookups it up.</param>
/// <param name="context">Time, chance, whom to tell.</param>
internal sealed class DnsDiscovery(string upstream, DiscoverOptions options, Func<string, CancellationToken, Task<DnsLookup>> lookUp, BuildContext context)
    : EndpointDiscovery
{
    /// <summary>
    /// How many endpoints a name has at most. An answer over TCP has room for four thousand addresses of a family, and who
    /// answers is not always who was meant to: each would be probed, balanced over and have metrics of its own.
    /// </summary>
    public const int MostAddresses = 1000;

    /// <summary>Servers, attempts and search domains multiply: no lookup takes longer than this.</summary>
    private static readonly TimeSpan LongestLookup = TimeSpan.FromSeconds(30);

    private readonly LookupPace _pace = new(options.MinInterval);
    private readonly Random _jitter = new(context.Seeds.Next());
    private readonly Live<DiscoveryStatus> _status = new(new($"dns {options.Dns}"));

    // What a watch hands to the next one.
    private ImmutableArray<IPAddress> _v4 = [];
    private ImmutableArray<IPAddress> _v6 = [];
    private (long At, TimeSpan Wait)? _looked;
    private int _failures;
    private int _leftOut;

    /// <inheritdoc/>
    public override DiscoveryStatus Status => _status.Current;

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ValueList<EndpointOptions>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var told = Endpoints();
        if (told.Count > 0)
        {
            yield return told;
        }

        while (true)
        {
            if (_looked is { } last && last.Wait - context.Time.GetElapsedTime(last.At) is var left && left > TimeSpan.Zero)
            {
                await Task.Delay(left, context.Time, cancellationToken);
            }

            Learn(await LookUpAsync(cancellationToken));
            var found = Endpoints();
            if (found != told)
            {
                told = found;
                yield return found;
            }
        }
    }

    private async Task<DnsLookup> LookUpAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(LongestLookup, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await lookUp(options.Dns.Name, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"{options.Dns.Name}: no answer within {LongestLookup.TotalSeconds} s");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever it is, the name is looked up again.
            context.OnBug(error);
            return Failed(error.Message);
        }

        static DnsLookup Failed(string reason)
        {
            var answer = new DnsAnswer(DnsOutcome.Failed, [], Ttl: null, reason);
            return new DnsLookup(answer, answer);
        }
    }

    private void Learn(DnsLookup lookup)
    {
        var answers = new[] { lookup.V4, lookup.V6 };
        var outcome = OutcomeOf(answers);
        if (outcome is DiscoveryOutcome.Found or DiscoveryOutcome.Partial)
        {
            _v4 = lookup.V4.Outcome == DnsOutcome.Failed ? _v4 : Usable(lookup.V4.Addresses);
            _v6 = lookup.V6.Outcome == DnsOutcome.Failed ? _v6 : Usable(lookup.V6.Addresses);
        }

        var (failedBefore, leftOutBefore) = (_failures > 0, _leftOut);
        _leftOut = Math.Max(0, Addresses().Count() - MostAddresses);
        _failures = outcome == DiscoveryOutcome.Found ? 0 : _failures + 1;
        var wait = Jittered(WaitAfter(outcome, answers));
        _looked = (context.Time.GetTimestamp(), wait);
        var reason = string.Join("; ", answers.Select(answer => answer.Reason).Where(reason => reason.Length > 0).Distinct());
        reason = reason.Length > 0 ? reason : $"no address of {options.Dns.Name} is one to connect to";
        Note(outcome, reason, wait);
        if (outcome != DiscoveryOutcome.Found || failedBefore || _leftOut != leftOutBefore)
        {
            context.Tell(new DiscoveryReport(upstream, Status.Source, outcome, outcome == DiscoveryOutcome.Found ? "" : reason, Status.Endpoints, _leftOut));
        }
    }

    private static DiscoveryOutcome OutcomeOf(DnsAnswer[] answers)
    {
        var failed = answers.Count(answer => answer.Outcome == DnsOutcome.Failed);
        return !answers.Any(answer => !Usable(answer.Addresses).IsEmpty)
            ? failed > 0 ? DiscoveryOutcome.Failed : DiscoveryOutcome.Empty
            : failed > 0 ? DiscoveryOutcome.Partial : DiscoveryOutcome.Found;
    }

    private TimeSpan WaitAfter(DiscoveryOutcome outcome, DnsAnswer[] answers)
    {
        // Of a name with addresses of one family only, the other's lifetime is that of "there is none": it counts as well.
        var ttl = answers.Where(answer => answer.Outcome != DnsOutcome.Failed).Min(answer => answer.Ttl);
        var retry = _pace.AfterFailure(Math.Max(1, _failures));
        return outcome switch
        {
            DiscoveryOutcome.Found => _pace.AfterAnswer(ttl),
            DiscoveryOutcome.Partial => _pace.AfterAnswer(ttl) is var due && due < retry ? due : retry,
            DiscoveryOutcome.Empty => _pace.AfterNothing(ttl, _failures),
            _ => retry,
        };
    }

    private void Note(DiscoveryOutcome outcome, string reason, TimeSpan wait)
    {
        var (now, before) = (context.Time.GetUtcNow(), Status);
        var after = before with
        {
            Endpoints = Addresses().Take(MostAddresses).Count(),
            LeftOut = _leftOut,
            NextLookup = now + wait,
            Lookups = before.Lookups.SetItem((int)outcome, before.Count(outcome) + 1),
        };
        after = outcome is DiscoveryOutcome.Found or DiscoveryOutcome.Partial ? after with { LastSuccess = now } : after;
        _status.Swap(outcome == DiscoveryOutcome.Found ? after : after with { LastError = reason, LastErrorAt = now });
    }

    /// <summary>In one order whatever the answer's, so that a server that shuffles changes nothing.</summary>
    private ValueList<EndpointOptions> Endpoints() =>
        [.. Addresses().Take(MostAddresses).Select(address => new EndpointOptions { Address = new IPEndPoint(address, options.Dns.Port), Weight = options.Weight })];

    private IEnumerable<IPAddress> Addresses() => _v4.Concat(_v6).Distinct();

    /// <summary>Without those that mean "all addresses" or several machines, which nobody can be connected to; some servers answer so for a name that they block.</summary>
    private static ImmutableArray<IPAddress> Usable(ImmutableArray<IPAddress> addresses) =>
    [
        .. addresses.Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            .Where(address => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !IsMulticast(address))
            .OrderBy(address => Convert.ToHexString(address.GetAddressBytes()), StringComparer.Ordinal),
    ];

    private static bool IsMulticast(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6Multicast : address.GetAddressBytes()[0] >= 224;

    private TimeSpan Jittered(TimeSpan wait) => wait * (1 + (LookupPace.Jitter * _jitter.NextDouble()));
}
