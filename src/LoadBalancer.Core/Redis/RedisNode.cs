using System.Collections.Immutable;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;

namespace LoadBalancer.Redis;

/// <summary>One server as all loops see it: where it is, how it does, and what it was asked. Thread-safe.</summary>
internal sealed class RedisNode
{
    private static readonly int Outcomes = Enum.GetValues<RedisOutcome>().Length;

    private readonly StripedCells _outcomes;
    private readonly TlsOrigination?[] _tls;
    private readonly Action<RedisReport> _report;
    private volatile string? _failure;
    private string? _tlsFailure;
    private int _failing;

    /// <summary>A server that nobody has asked yet.</summary>
    /// <param name="addresses">Where it is; of several, one at a time.</param>
    /// <param name="tls">How TLS is spoken with those that want it; null for the defaults.</param>
    /// <param name="outfit">What TLS is spoken with; null where no address wants it.</param>
    /// <param name="loops">How many loops ask.</param>
    /// <param name="report">Is told when it is lost and found; on any thread.</param>
    /// <exception cref="TlsSetupException">A file of <paramref name="tls"/> is no use.</exception>
    public RedisNode(ImmutableArray<RedisAddress> addresses, UpstreamTlsOptions? tls, TlsOutfit? outfit, int loops, Action<RedisReport> report)
    {
        (Addresses, _report) = (addresses, report);
        _outcomes = new StripedCells(loops, Outcomes);
        Latency = new LatencyHistogram(loops, LatencyBounds.Connect);
        _tls = new TlsOrigination?[addresses.Length];
        for (var index = 0; index < addresses.Length; index++)
        {
            _tls[index] = addresses[index].IsEncrypted
                ? new TlsOrigination("redis", tls ?? new(), addresses[index].Name, outfit ?? throw new InvalidOperationException("nobody has said what TLS is spoken with"), news => _tlsFailure = news.Failure)
                : null;
        }
    }

    /// <summary>Where it is.</summary>
    public ImmutableArray<RedisAddress> Addresses { get; }

    /// <summary>What it is called in logs and metrics.</summary>
    public string Name => Addresses[0].Label;

    /// <summary>False while some loop cannot ask it, or has scripts that fail.</summary>
    public bool IsUp => Volatile.Read(ref _failing) == 0;

    /// <summary>Why it cannot be asked; null where it can.</summary>
    public string? Failure => IsUp ? null : _failure;

    /// <summary>How many ask it, the file among them; under the lock of the client's nodes.</summary>
    public int Users { get; set; }

    /// <summary>How long answers took.</summary>
    public LatencyHistogram Latency { get; }

    /// <summary>The TLS of one of its addresses; null where none is spoken.</summary>
    public TlsOrigination? TlsOf(int address) => _tls[address];

    /// <summary>What TLS failed of last; null where it did not say.</summary>
    public string? TlsFailure => Volatile.Read(ref _tlsFailure);

    /// <summary>Counts a command; only on the thread of <paramref name="loop"/>.</summary>
    public void Count(int loop, RedisOutcome outcome) => _outcomes.Add(loop, (int)outcome);

    /// <summary>How many commands came to this so far.</summary>
    public long CountOf(RedisOutcome outcome) => _outcomes.Sum((int)outcome);

    /// <summary>A loop cannot ask it any more, or in vain.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="isNews">False where the loop said so before, and has another reason.</param>
    public void Lost(string failure, bool isNews = true)
    {
        _failure = failure;
        if (isNews && Interlocked.Increment(ref _failing) == 1)
        {
            _report(new RedisReport(Name, failure));
        }
    }

    /// <summary>That loop can ask it again, or does not want to any more.</summary>
    /// <param name="tells">False where nobody is to hear of it.</param>
    public void Found(bool tells = true)
    {
        if (Interlocked.Decrement(ref _failing) == 0 && tells)
        {
            _report(new RedisReport(Name, null));
        }
    }

    /// <summary>Reads the files of its TLS again where they have changed; true where something is new. One caller at a time, on no loop.</summary>
    public bool RefreshTls()
    {
        var changed = false;
        foreach (var tls in _tls)
        {
            changed |= tls?.Refresh() == true;
        }

        return changed;
    }
}
