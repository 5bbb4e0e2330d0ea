using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Endpoints;

/// <summary>
/// One address that serves one upstream, with everything that lives on when the configuration changes: its load, its
/// health, its totals, and what operators say of it. The file's weight and its rank are not here (see Member).
/// </summary>
/// <remarks>
/// Thread-safe. A reload that keeps the identity keeps the object, so that open leases return to the counters they came
/// from and a verdict outlives the table that was built from it.
/// </remarks>
/// <param name="id">Who it is.</param>
/// <param name="loops">How many event loops connect to it: each has its own cells, see <see cref="ConnectTimes"/>.</param>
public sealed class Endpoint(EndpointId id, int loops)
{
    private FailureObserver? _observer;
    private ReturnObserver? _returns;
    private bool _isDrained;
    private Withdrawal? _withdrawal;
    private Withdrawal? _operatorWithdrawal;
    private int _assignedWeight = -1;

    /// <summary>Who it is.</summary>
    public EndpointId Id { get; } = id;

    /// <summary>Where it listens.</summary>
    public EndPoint Address => Id.Address;

    /// <summary>The address as metrics, logs and /status print it; made once.</summary>
    public string Label { get; } = AddressText.Print(id.Address);

    /// <summary>
    /// Its name for clients, in cookies: the same in every process that has it, and of no use to whoever wants to know the address.
    /// </summary>
    internal ulong Token { get; } = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"endpoint\n{id.Upstream}\n{AddressText.Print(id.Address)}")));

    /// <summary>What is asked of it now, and the totals.</summary>
    public EndpointLoad Load { get; } = new(loops);

    /// <summary>
    /// How long connects to it took that succeeded; what failed is in <see cref="Load"/>. It takes 256 bytes a loop: with
    /// 16 loops and 1000 endpoints, 4 MiB.
    /// </summary>
    public LatencyHistogram ConnectTimes { get; } = new(loops, LatencyBounds.Connect);

    /// <summary>What is thought of it.</summary>
    public HealthState Health { get; } = new();

    /// <summary>
    /// True where an operator said that it gets nothing new; what it has goes on. It outlives reloads with the endpoint,
    /// and only an operator ends it. Set through its upstream, which builds the next view (see Upstream.Drain).
    /// </summary>
    public bool IsDrained
    {
        get => Volatile.Read(ref _isDrained);
        internal set
        {
            Volatile.Write(ref _isDrained, value);
            if (!value)
            {
                // A fence between the two, as in Withdrawal: of a drain and an end of it at the same moment, one sees the other.
                Interlocked.Exchange(ref _operatorWithdrawal, null);
            }
        }
    }

    /// <summary>
    /// The weight that an operator gave it in place of the file's; null where nobody did. Set through its upstream (see Upstream.Weigh), and lives
    /// as long as a drain does.
    /// </summary>
    public int? AssignedWeight
    {
        get => Volatile.Read(ref _assignedWeight) is >= 0 and var weight ? weight : null;
        internal set => Volatile.Write(ref _assignedWeight, value ?? -1);
    }

    /// <summary>How a configuration took it away; null while it has not, or another has it again.</summary>
    internal Withdrawal? Withdrawal
    {
        get => Volatile.Read(ref _withdrawal);
        set => Volatile.Write(ref _withdrawal, value);
    }

    /// <summary>
    /// The deadline of an operator's drain; null where it has none. Apart from <see cref="Withdrawal"/>: a reload neither begins nor ends it, and the
    /// earlier of the two counts.
    /// </summary>
    internal Withdrawal? OperatorWithdrawal => Volatile.Read(ref _operatorWithdrawal);

    /// <summary>
    /// Who is told when a lease ends with this endpoint's fault; null is nobody. It hangs here and not on the lease, so
    /// that a lease taken before a reload teaches the upstream that runs after it.
    /// </summary>
    internal FailureObserver? Observer
    {
        get => Volatile.Read(ref _observer);
        set => Volatile.Write(ref _observer, value);
    }

    /// <summary>Who is told of every return; null is nobody: only those who cap it are.</summary>
    internal ReturnObserver? Returns
    {
        get => Volatile.Read(ref _returns);
        set => Volatile.Write(ref _returns, value);
    }

    /// <summary>True where what goes to it is to end.</summary>
    internal bool IsWithdrawn => Withdrawal is not null || OperatorWithdrawal is not null;

    /// <summary>True where it was taken away and nobody may come to it any more.</summary>
    internal bool IsGone => Withdrawal is { IsClosed: true } || OperatorWithdrawal is { IsClosed: true };

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();

    /// <summary>Gives a drain a deadline, in place of the one that it had; not one that was ended meanwhile.</summary>
    internal void WithdrawByOperator(Withdrawal withdrawal)
    {
        Interlocked.Exchange(ref _operatorWithdrawal, withdrawal);
        if (!IsDrained)
        {
            Interlocked.CompareExchange(ref _operatorWithdrawal, null, withdrawal);
        }
    }

    internal EndpointLease Lease()
    {
        Load.Leasing();
        return new EndpointLease(this);
    }

    /// <summary>A lease, where fewer than <paramref name="cap"/> are open; never one more, however many threads ask.</summary>
    internal bool TryLease(int cap, out EndpointLease lease)
    {
        var leased = Load.TryLeasing(cap);
        lease = leased ? new EndpointLease(this) : default;
        return leased;
    }

    /// <summary>Ends one lease. A success is one interlocked increment; only a fault of the endpoint does more.</summary>
    /// <param name="outcome">How it ended.</param>
    /// <param name="answered">True where the endpoint had answered.</param>
    /// <param name="isRepeat">True where passive health hears of the same event by another lease.</param>
    internal void Return(Fault outcome, bool answered, bool isRepeat)
    {
        Load.Returning();
        if (outcome.Failed && outcome.Side == FaultSide.Upstream)
        {
            Load.Failing(outcome, answered);
            if (outcome.Kind is FaultKind.ConnectRefused or FaultKind.ConnectTimeout or FaultKind.ConnectUnreachable or FaultKind.TlsFailed or FaultKind.TlsVerifyFailed)
            {
                // A refusal comes faster than any connect: its time must not make the endpoint look good.
                Load.Latency?.Observe(PeakLatency.Penalty);
            }

            if (!isRepeat)
            {
                Observer?.Failed(this, outcome, answered);
            }
        }

        Returns?.Returned();
    }
}
