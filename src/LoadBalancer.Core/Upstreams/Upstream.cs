// One file: what an upstream is told, in the order in which its one loop takes it, and the view that follows. What each piece of news means is elsewhere.

using System.Collections.Immutable;
using System.Threading.Channels;
using LoadBalancer.Balancing;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Limits;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// A named group of equivalent endpoints at work: the view that picks read, and the one loop that builds the next.
/// <code>
///   data plane                             control plane
///                                          DiscoveryWatch ────────── Discovered ──┐
///   Lease ─► View.Balancer.Pick            HealthMonitor ──────── HealthChanged ──┤
///     │                                    OutlierDetector ───── FailedTooOften ──┼─► channel ─► loop ─► next view
///   Return ─► counters, OutlierDetector    Ejections' timer ──────── EjectionDue ─┤              (the only writer)
///                                          and another ────────────── ReadingDue ─┤
///   Circuit ──────────────────────────────────────────────── CircuitChanged ──────┤
///                                          Drain, Enable, Weigh ─────── Operated ─┘
/// </code>
/// </summary>
/// <remarks>
/// Its life: (1) the constructor builds a first view and touches nobody, so that a configuration that is never published
/// leaves no trace; (2) <see cref="Start"/>, once it is published, waits for the upstream before it to end its loop,
/// takes the watch of the endpoints over, and runs; (3) <see cref="DisposeAsync"/>, or the start of its successor, ends
/// the loop. The last view stays and can still be leased from: connections that began before a reload finish with it. Where nothing but
/// the endpoints has changed they get theirs from the successor, so that nobody goes to one that was taken away.
/// <para>
/// Endpoints are adopted from the upstream before by identity: their load, verdicts, ejections and half-filled windows
/// stay, and so do the rotation and the counts. <see cref="View"/> and the leases are thread-safe; start and disposal are the owner's.
/// </para>
/// </remarks>
public sealed class Upstream : IAsyncDisposable
{
    private readonly BuildContext _context;
    private readonly PickCursor _cursor;
    private readonly Probe? _probe;
    private readonly EndpointDiscovery? _discovery;
    private readonly int _jitterSeed;
    private readonly Live<UpstreamView> _view;
    private readonly LeaseQueue _queue;

    // Written by the loop; the constructor of a successor reads it.
    private readonly Live<Membership> _members;

    // Unbounded, and yet small: a detector reports once until it is answered, a verdict changes at most once a probe.
    private readonly Channel<UpstreamEvent> _events = Channel.CreateUnbounded<UpstreamEvent>(new() { SingleReader = true });

    private readonly bool _first;
    private bool _panicTold;

    // Shared by all upstreams that followed one another: an old one that is still leased from does not hold those between.
    private readonly Live<Upstream> _newest;
    private readonly int _generation;
    private Upstream? _previous;
    private Task _loop = Task.CompletedTask;

    /// <summary>Builds an upstream that does not run yet.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="options">What the file says of it.</param>
    /// <param name="previous">The upstream of that name which runs until this one starts; null where there is none.</param>
    /// <param name="context">Time, chance, the way out.</param>
    public Upstream(string name, UpstreamOptions options, Upstream? previous, BuildContext context)
        : this(name, options, DiscoveryOf(name, options, previous, context), previous, context)
    {
    }

    /// <summary>Builds an upstream whose members are also those that <paramref name="discovery"/> finds.</summary>
    internal Upstream(string name, UpstreamOptions options, EndpointDiscovery? discovery, Upstream? previous, BuildContext context)
    {
        Name = name;
        Options = options;
        _context = context;
        _previous = previous;
        _first = previous is null;
        _newest = previous?._newest ?? new Live<Upstream>(this);
        _generation = previous is null ? 0 : previous._generation + 1;
        _panicTold = previous?.View.Panic is not null;
        Metrics = previous?.Metrics ?? new UpstreamMetrics(context.Loops);
        _queue = previous?._queue ?? new LeaseQueue(context.Loops, context.Time);
        Circuit = options.CircuitBreaker is { } breaker ? previous?.Circuit ?? new Circuit(name, breaker, context.Loops, context.Time) : null;
        _discovery = discovery;
        Tls = TlsOrigination.Of(name, options.Tls, options.OwnName, previous?.Tls, context);
        _cursor = previous?._cursor ?? new PickCursor((uint)context.Seeds.Next());
        _jitterSeed = context.Seeds.Next();
        _probe = options.Health.Active is { } active ? ProbeCatalog.Build(active, ForProbes(options, context), options.Tls, options.OwnName) : null;
        _members = new(Membership.Of(name, options, previous?._members.Current, discovers: discovery is not null, context));
        _view = new(Build(_members.Current.All, Availability.Of(_members.Current.All, options.Health), ramp: !_first));
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>What the file says of it.</summary>
    public UpstreamOptions Options { get; }

    /// <summary>TLS with its endpoints; null where it has none.</summary>
    internal TlsOrigination? Tls { get; }

    /// <summary>What it counts.</summary>
    public UpstreamMetrics Metrics { get; }

    /// <summary>How its discovery has gone so far; null where it has none.</summary>
    internal DiscoveryStatus? Discovery => _discovery?.Status;

    /// <summary>Its circuit breaker, to be asked before each attempt; null where it has none.</summary>
    internal Circuit? Circuit { get; }

    /// <summary>Those who wait for room at an endpoint.</summary>
    internal LeaseQueue Pending => _queue;

    /// <summary>The way in, for exchanges; null where any number may be under way.</summary>
    internal Gate? Gate => Options.Concurrency is null ? null : _queue.Gate;

    /// <summary>Leases that are open, those of endpoints included that belong to it no more.</summary>
    internal int OpenLeases => _members.Current.OpenLeases;

    /// <summary>Its members and table now. Read it once per attempt.</summary>
    public UpstreamView View => _view.Current;

    /// <summary>The upstream that runs in place of this one; null while this one does, or is about to.</summary>
    private Upstream? Successor => _newest.Current is var newest && newest != this && newest._generation > _generation ? newest : null;

    /// <summary>
    /// Takes an endpoint for one attempt. Allocates nothing.
    /// </summary>
    /// <param name="context">What the balancer may know.</param>
    /// <param name="lease">The right to use it, to be returned with the outcome in a <c>finally</c>.</param>
    /// <returns>False where no endpoint is available that was not tried, or all of those are at their cap: <see cref="Wait"/> tells which.</returns>
    public bool Lease(in PickContext context, out EndpointLease lease)
    {
        if (Successor is { } successor && successor.StandsInFor(this))
        {
            return successor.Lease(context, out lease);
        }

        if (_queue.Cap != PickContext.NoCap)
        {
            return _queue.TryLease(View, context, out lease);
        }

        if (View.Balancer.Pick(context) is not { IsGone: false } endpoint)
        {
            lease = default;
            return false;
        }

        lease = endpoint.Lease();
        return true;
    }

    /// <summary>Takes <paramref name="endpoint"/>, which the view has among those available, within the cap; false where it has no room. Allocates nothing.</summary>
    internal bool Lease(Endpoint endpoint, out EndpointLease lease)
    {
        if (endpoint.IsGone)
        {
            lease = default;
            return false;
        }

        if (_queue.Cap != PickContext.NoCap)
        {
            return endpoint.TryLease(_queue.Cap, out lease);
        }

        lease = endpoint.Lease();
        return true;
    }

    /// <summary>
    /// The endpoint that <see cref="Lease(in PickContext, out EndpointLease)"/> would take now, for a rehearsal: nothing is leased and no turn of the
    /// rotation is used. Builds a table, so it is not for exchanges. Thread-safe.
    /// </summary>
    /// <param name="view">The view to pick from.</param>
    /// <param name="context">What the balancer may know; its cap counts.</param>
    internal Endpoint? Foresee(UpstreamView view, in PickContext context)
    {
        // A table of hashes has no turns, and is dear to build.
        var balancer = Options.Balance == "hash" ? view.Balancer : BalancerOf(view.Available, view.All.Length, _cursor.Copy());
        return balancer.Pick(context);
    }

    /// <summary>After <see cref="Lease(in PickContext, out EndpointLease)"/> said no: waits in turn for room at an endpoint. On <paramref name="loop"/>.</summary>
    /// <returns>The wait, to be awaited; null where waiting would not help: the fault is no_endpoint.</returns>
    internal LeaseWait? Wait(EventLoop loop, ulong hashKey, Endpoint[] tried, Importance importance = Importance.Normal) =>
        _queue.Enter(Successor is { } successor && successor.StandsInFor(this) ? successor.View : View, loop, hashKey, tried, importance);

    /// <summary>
    /// An operator takes an endpoint out: it gets no new lease, in panic neither, and open ones go on. It lasts until
    /// <see cref="Enable"/>, across reloads. Thread-safe; the view follows at once or a moment later. Asked of an upstream
    /// that has been replaced, it acts on the one that runs.
    /// </summary>
    /// <param name="id">Which one.</param>
    /// <returns>False where the upstream has no such endpoint.</returns>
    public bool Drain(EndpointId id) => Operate(id, static endpoint => SetDrained(endpoint, true));

    /// <summary>An operator gives an endpoint back to traffic; what probes and watched traffic say of it counts again.</summary>
    /// <param name="id">Which one.</param>
    /// <returns>False where the upstream has no such endpoint.</returns>
    public bool Enable(EndpointId id) => Operate(id, static endpoint => SetDrained(endpoint, false));

    /// <summary>
    /// An operator gives an endpoint another weight than the file does, as long as a drain lasts. At 0 it gets no new lease, and open ones go on.
    /// </summary>
    /// <param name="id">Which one.</param>
    /// <param name="weight">0 to 256; null for the file's again.</param>
    /// <returns>False where the upstream has no such endpoint.</returns>
    public bool Weigh(EndpointId id, int? weight) => Operate(id, endpoint => SetWeight(endpoint, weight));

    /// <summary>Takes over from the upstream before it and runs. Called once, when its configuration is published.</summary>
    public void Start()
    {
        var previous = _previous;

        // What was taken away before is back. Not where this is built: it may never be published.
        foreach (var (endpoint, _, _) in _members.Current.All)
        {
            endpoint.Withdrawal = null;
        }

        // Before the loop of the one before ends, so that whoever finds its events closed finds the successor too.
        _newest.Swap(this);
        _previous = null;
        _queue.Follow(_view, Options);
        Circuit?.Follow(Options.CircuitBreaker!, changed: transition => _events.Writer.TryWrite(new UpstreamEvent.CircuitChanged(transition)));
        _loop = RunAsync(SucceedAsync(previous));
    }

    /// <summary>Ends the loop and all probes, and waits for them. Open leases and later ones stay valid.</summary>
    public async ValueTask DisposeAsync()
    {
        _previous = null;
        _events.Writer.TryComplete();
        await _loop;
    }

    /// <summary>Completes when every event so far has been applied; at once where the loop has ended.</summary>
    internal Task SettleAsync()
    {
        var fence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _events.Writer.TryWrite(new UpstreamEvent.Fence(fence)) ? fence.Task : _loop;
    }

    /// <summary>
    /// Waits for the end of the loop before this one, which writes the health of the endpoints that this one adopts: one writer
    /// at a time. Whom it discovered since this one was built is adopted as well.
    /// </summary>
    private async Task SucceedAsync(Upstream? previous)
    {
        if (previous is not null)
        {
            await previous.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _members.Swap(Membership.Of(Name, Options, previous._members.Current, discovers: _discovery is not null, _context));
        }
    }

    /// <param name="succession">A task and not the upstream before, because this method's frame lives as long as the loop and would keep it alive.</param>
    private async Task RunAsync(Task succession)
    {
        await succession;
        using var ejections = StartEjections();
        using var slowStart = new SlowStart(
            Options, _context.Time, _first, due: () => _events.Writer.TryWrite(new UpstreamEvent.SlowStartDue()));
        await using var monitor = StartMonitor();
        Watch(_members.Current.All, ejections, monitor);
        await using var discovery = StartDiscovery();
        Publish(slowStart);
        while (await _events.Reader.WaitToReadAsync())
        {
            try
            {
                // All that is there, and then one view: a switch that fails takes a hundred endpoints with it at once.
                while (_events.Reader.TryRead(out var next))
                {
                    Apply(next, ejections, monitor, slowStart);
                }

                Publish(slowStart);
            }
            catch (Exception e)
            {
                // The upstream goes on with the view it has; without its loop it would never heal.
                _context.OnBug(e);
            }
        }
    }

    /// <summary>True where an attempt that <paramref name="before"/> was to serve is as well served by an endpoint of this one: nothing else has changed.</summary>
    private bool StandsInFor(Upstream before) => Options with { Endpoints = before.Options.Endpoints } == before.Options;

    private static UpstreamEvent.Operated? SetDrained(Endpoint endpoint, bool drained)
    {
        if (endpoint.IsDrained == drained)
        {
            return null;
        }

        endpoint.IsDrained = drained;
        return new UpstreamEvent.Operated(endpoint);
    }

    private static UpstreamEvent.Weighed? SetWeight(Endpoint endpoint, int? weight)
    {
        if (endpoint.AssignedWeight == weight)
        {
            return null;
        }

        endpoint.AssignedWeight = weight;
        return new UpstreamEvent.Weighed();
    }

    /// <param name="id">Which endpoint.</param>
    /// <param name="change">Changes it; gives what the loop has to know, null where it was so already.</param>
    private bool Operate(EndpointId id, Func<Endpoint, UpstreamEvent?> change)
    {
        if (Successor is { } successor)
        {
            return successor.Operate(id, change);
        }

        if (View.All.FirstOrDefault(member => member.Endpoint.Id == id).Endpoint is not { } endpoint)
        {
            return false;
        }

        if (change(endpoint) is { } changed && !_events.Writer.TryWrite(changed) && Successor is { } replacement)
        {
            replacement._events.Writer.TryWrite(changed);
        }

        return true;
    }

    private Ejections? StartEjections() => Options.Health.Passive is not { } passive
        ? null
        : new Ejections(
            passive, _context,
            report: (endpoint, last, cause) => _events.Writer.TryWrite(new UpstreamEvent.FailedTooOften(endpoint, last, cause)),
            due: () => _events.Writer.TryWrite(new UpstreamEvent.EjectionDue()),
            reading: () => _events.Writer.TryWrite(new UpstreamEvent.ReadingDue()));

    private HealthMonitor? StartMonitor() => _probe is null
        ? null
        : new HealthMonitor(
            Options.Health.Active!, _probe, _context.Time, _jitterSeed,
            changed: endpoint => _events.Writer.TryWrite(new UpstreamEvent.HealthChanged(endpoint)));

    private static EndpointDiscovery? DiscoveryOf(string name, UpstreamOptions options, Upstream? previous, BuildContext context) =>
        options.Discover is not { } wanted ? null
        : previous is { _discovery: { } running } && previous.Options.Discover == wanted ? running
        : DiscoveryCatalog.Build(name, wanted, context);

    private DiscoveryWatch? StartDiscovery() => _discovery is null
        ? null
        : new DiscoveryWatch(_discovery, found: endpoints => _events.Writer.TryWrite(new UpstreamEvent.Discovered(endpoints)), _context.OnBug);

    /// <summary>Lets both judges watch the members. What a judge said that has since been turned off is forgotten.</summary>
    private static void Watch(ImmutableArray<Member> all, Ejections? ejections, HealthMonitor? monitor)
    {
        foreach (var (endpoint, _, _) in all)
        {
            if (monitor is null)
            {
                endpoint.Health.Active = ActiveHealth.Unproven;
            }

            if (ejections is null)
            {
                endpoint.Observer = null;
                endpoint.Health.Ejection = null;
            }
        }

        ejections?.Watch(all);
        monitor?.Watch([.. all.Select(member => member.Endpoint)]);
    }

    private void Join(Membership next, Ejections? ejections, HealthMonitor? monitor)
    {
        var before = _members.Swap(next);
        if (before == next)
        {
            return;
        }

        var (left, joined) = (Endpoints(before), Endpoints(next));
        Tls?.Keep(joined.Select(endpoint => endpoint.Address).ToHashSet());
        Watch(next.All, ejections, monitor);
        foreach (var gone in left.Except(joined))
        {
            _context.Tell(new EndpointTransition(gone.Id, TransitionKind.Removed, $"discovery no longer finds it; open connections: {gone.Load.Active}"));
        }

        foreach (var added in joined.Except(left))
        {
            added.Withdrawal = null;
            _context.Tell(new EndpointTransition(added.Id, TransitionKind.Added, "discovery found it"));
        }

        static IEnumerable<Endpoint> Endpoints(Membership members) => members.All.Select(member => member.Endpoint);
    }

    private void Apply(UpstreamEvent next, Ejections? ejections, HealthMonitor? monitor, SlowStart slowStart)
    {
        switch (next)
        {
            case UpstreamEvent.Discovered { Endpoints: var endpoints }:
                Join(_members.Current.With(endpoints), ejections, monitor);
                break;

            case UpstreamEvent.HealthChanged { Endpoint: var endpoint }:
                var active = endpoint.Health.Active;
                _context.Tell(new EndpointTransition(
                    endpoint.Id,
                    active.Verdict == HealthVerdict.Unhealthy ? TransitionKind.Unhealthy : TransitionKind.Healthy,
                    active.Reason));
                break;

            case UpstreamEvent.FailedTooOften { Endpoint: var endpoint, Last: var last, Cause: var cause }:
                ejections?.Eject(endpoint, last, cause, Availability.Of(_members.Current.All, Options.Health).Members);
                break;

            case UpstreamEvent.ReadingDue:
                ejections?.Judge(Options);
                break;

            case UpstreamEvent.EjectionDue:
                ejections?.End();
                break;

            case UpstreamEvent.SlowStartDue:
                // The next view has other weights, and that is all.
                break;

            case UpstreamEvent.Operated { Endpoint: var endpoint }:
                _context.Tell(endpoint.IsDrained
                    ? new EndpointTransition(endpoint.Id, TransitionKind.Drained, "an operator drained it")
                    : new EndpointTransition(endpoint.Id, TransitionKind.Enabled, "an operator enabled it"));
                ejections?.Watch(_members.Current.All);
                break;

            case UpstreamEvent.CircuitChanged { Transition: var transition }:
                _context.Tell(transition);
                if (transition.State == CircuitState.Open)
                {
                    _queue.CircuitOpened();
                }

                break;

            case UpstreamEvent.Weighed:
                _members.Swap(_members.Current.Reweighed());
                ejections?.Watch(_members.Current.All);
                break;

            case UpstreamEvent.Fence { Passed: var passed }:
                Publish(slowStart);
                passed.SetResult();
                break;
        }
    }

    /// <summary>Publishes a view of the present, unless it is the one that is published.</summary>
    private void Publish(SlowStart slowStart)
    {
        var view = View;
        var all = _members.Current.All;
        slowStart.Note(all);
        var next = Availability.Of(all, Options.Health);
        if (next.Panic != view.Panic || !all.AsSpan().SequenceEqual(view.All.AsSpan()) || !Weighed(next).AsSpan().SequenceEqual(view.Available.AsSpan()))
        {
            _queue.Attach(all);
            _view.Swap(Build(all, next, ramp: true));
            _queue.Changed();
        }

        if (_panicTold != next.Panic is not null)
        {
            _panicTold = next.Panic is not null;
            _context.Tell(new PanicTransition(Name, _panicTold, next.Panic ?? "enough endpoints are healthy"));
        }
    }

    // A port that only answers probes expects no header.
    private static BuildContext ForProbes(UpstreamOptions options, BuildContext context) =>
        options is { SendProxyProtocol: { } version, Health.Active.Port: null } ? context with { Connections = new LocalHeaderConnections(context.Connections, version) } : context;

    private UpstreamView Build(ImmutableArray<Member> all, Availability available, bool ramp)
    {
        var members = ramp ? Weighed(available) : available.Members;
        return new UpstreamView(all, members, BalancerOf(members, all.Length, _cursor), available.Panic);
    }

    private Balancer BalancerOf(ImmutableArray<Member> members, int configured, PickCursor cursor) =>
        BalancerCatalog.Build(Options.Balance, new Tier(members, configured, cursor, _context.Time) { MaxLoad = Options.Hash.MaxLoad });

    private ImmutableArray<Member> Weighed(Availability available) =>
        available.Panic is null ? SlowStart.Weigh(available.Members, Options, _context.Time) : available.Members;
}
