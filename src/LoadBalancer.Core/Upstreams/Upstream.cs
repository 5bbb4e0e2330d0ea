using System.Collections.Immutable;
using System.Threading.Channels;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>
/// A named group of equivalent endpoints at work: the view that picks read, and the one loop that builds the next.
/// <code>
///   data plane                             control plane
///   Lease ─► View.Balancer.Pick            HealthMonitor ──────── HealthChanged ──┐
///     │                                    OutlierDetector ───── FailedTooOften ──┼─► channel ─► loop ─► next view
///   Return ─► counters, OutlierDetector    Ejections' timer ──────── EjectionDue ─┤              (the only writer)
///                                          Drain, Enable ────────────── Operated ─┘
/// </code>
/// </summary>
/// <remarks>
/// Its life: (1) the constructor builds a first view and touches nobody, so that a configuration that is never published
/// leaves no trace; (2) <see cref="Start"/>, once it is published, waits for the upstream before it to end its loop,
/// takes the watch of the endpoints over, and runs; (3) <see cref="DisposeAsync"/>, or the start of its successor, ends
/// the loop. The last view stays and can still be leased from: connections that began before a reload finish with it.
/// <para>
/// Endpoints are adopted from the upstream before by identity: their load, verdicts, ejections and half-filled windows
/// stay, and so do the rotation and the counts. <see cref="View"/> and <see cref="Lease"/> are thread-safe; start and disposal are the owner's.
/// </para>
/// </remarks>
public sealed class Upstream : IAsyncDisposable
{
    private readonly BuildContext _context;
    private readonly PickCursor _cursor;
    private readonly Probe? _probe;
    private readonly int _jitterSeed;
    private readonly Live<UpstreamView> _view;

    // Unbounded, and yet small: a detector reports once until it is answered, a verdict changes at most once a probe.
    private readonly Channel<UpstreamEvent> _events = Channel.CreateUnbounded<UpstreamEvent>(new() { SingleReader = true });

    private Upstream? _previous;
    private Upstream? _successor;
    private Task _loop = Task.CompletedTask;

    /// <summary>Builds an upstream that does not run yet.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="options">What the file says of it.</param>
    /// <param name="previous">The upstream of that name which runs until this one starts; null where there is none.</param>
    /// <param name="context">Time, chance, the way out.</param>
    public Upstream(string name, UpstreamOptions options, Upstream? previous, BuildContext context)
    {
        Name = name;
        Options = options;
        _context = context;
        _previous = previous;
        Metrics = previous?.Metrics ?? new UpstreamMetrics(context.Loops);
        _cursor = previous?._cursor ?? new PickCursor((uint)context.Seeds.Next());
        _jitterSeed = context.Seeds.Next();
        _probe = options.Health.Active is { } active ? ProbeCatalog.Build(active.Type, context) : null;

        var known = previous?.View.All.ToDictionary(member => member.Endpoint.Id, member => member.Endpoint) ?? [];
        ImmutableArray<Member> all =
        [
            .. options.Endpoints.Items.Select(written =>
            {
                var id = new EndpointId(name, written.Address);
                return new Member(known.GetValueOrDefault(id) ?? new Endpoint(id, context.Loops), written.Weight, written.Backup);
            }),
        ];
        _view = new(Build(all, Availability.Of(all, options.Health)));
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>What the file says of it.</summary>
    public UpstreamOptions Options { get; }

    /// <summary>What it counts.</summary>
    public UpstreamMetrics Metrics { get; }

    /// <summary>Its members and table now. Read it once per attempt.</summary>
    public UpstreamView View => _view.Current;

    /// <summary>
    /// Takes an endpoint for one attempt. Allocates nothing.
    /// </summary>
    /// <param name="context">What the balancer may know.</param>
    /// <param name="lease">The right to use it, to be returned with the outcome in a <c>finally</c>.</param>
    /// <returns>False where no endpoint is available that was not tried: the fault is no_endpoint.</returns>
    public bool Lease(in PickContext context, out EndpointLease lease)
    {
        if (View.Balancer.Pick(context) is not { } endpoint)
        {
            lease = default;
            return false;
        }

        lease = endpoint.Lease();
        return true;
    }

    /// <summary>
    /// An operator takes an endpoint out: it gets no new lease, in panic neither, and open ones go on. It lasts until
    /// <see cref="Enable"/>, across reloads. Thread-safe; the view follows at once or a moment later. Asked of an upstream
    /// that has been replaced, it acts on the one that runs.
    /// </summary>
    /// <param name="id">Which one.</param>
    /// <returns>False where the upstream has no such endpoint.</returns>
    public bool Drain(EndpointId id) => Operate(id, drained: true);

    /// <summary>An operator gives an endpoint back to traffic; what probes and watched traffic say of it counts again.</summary>
    /// <param name="id">Which one.</param>
    /// <returns>False where the upstream has no such endpoint.</returns>
    public bool Enable(EndpointId id) => Operate(id, drained: false);

    /// <summary>Takes over from the upstream before it and runs. Called once, when its configuration is published.</summary>
    public void Start()
    {
        var end = Task.CompletedTask;
        if (_previous is { } previous)
        {
            // Before its loop ends, so that whoever finds its events closed finds the successor too.
            Volatile.Write(ref previous._successor, this);
            end = previous.DisposeAsync().AsTask();
        }

        _previous = null;
        _loop = RunAsync(end);
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

    /// <param name="previous">
    /// The end of the loop before this one, which writes the health of the endpoints that this one adopts: one writer at
    /// a time. It is a task and not the upstream, because this method's frame lives as long as the loop and would keep it alive.
    /// </param>
    private async Task RunAsync(Task previous)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var ejections = TakeOver();
        await using var monitor = StartMonitor();
        Publish();
        while (await _events.Reader.WaitToReadAsync())
        {
            try
            {
                // All that is there, and then one view: a switch that fails takes a hundred endpoints with it at once.
                while (_events.Reader.TryRead(out var next))
                {
                    Apply(next, ejections);
                }

                Publish();
            }
            catch (Exception e)
            {
                // The upstream goes on with the view it has; without its loop it would never heal.
                _context.OnBug(e);
            }
        }
    }

    private bool Operate(EndpointId id, bool drained)
    {
        if (Volatile.Read(ref _successor) is { } successor)
        {
            return successor.Operate(id, drained);
        }

        if (View.All.FirstOrDefault(member => member.Endpoint.Id == id).Endpoint is not { } endpoint)
        {
            return false;
        }

        if (endpoint.IsDrained != drained)
        {
            endpoint.IsDrained = drained;
            if (!_events.Writer.TryWrite(new UpstreamEvent.Operated(endpoint)) && Volatile.Read(ref _successor) is { } replacement)
            {
                replacement._events.Writer.TryWrite(new UpstreamEvent.Operated(endpoint));
            }
        }

        return true;
    }

    private Ejections? TakeOver()
    {
        if (Options.Health.Active is null)
        {
            foreach (var (endpoint, _, _) in View.All)
            {
                endpoint.Health.Active = ActiveHealth.Unproven;
            }
        }

        if (Options.Health.Passive is { } passive)
        {
            return new Ejections(
                View.All, passive, _context,
                report: (endpoint, last) => _events.Writer.TryWrite(new UpstreamEvent.FailedTooOften(endpoint, last)),
                due: () => _events.Writer.TryWrite(new UpstreamEvent.EjectionDue()));
        }

        foreach (var (endpoint, _, _) in View.All)
        {
            endpoint.Observer = null;
            endpoint.Health.Ejection = null;
        }

        return null;
    }

    private HealthMonitor? StartMonitor()
    {
        if (_probe is null)
        {
            return null;
        }

        var monitor = new HealthMonitor(
            Options.Health.Active!, _probe, _context.Time, _jitterSeed,
            changed: endpoint => _events.Writer.TryWrite(new UpstreamEvent.HealthChanged(endpoint)));
        monitor.Start([.. View.All.Select(member => member.Endpoint)]);
        return monitor;
    }

    private void Apply(UpstreamEvent next, Ejections? ejections)
    {
        switch (next)
        {
            case UpstreamEvent.HealthChanged { Endpoint: var endpoint }:
                var active = endpoint.Health.Active;
                _context.Tell(new EndpointTransition(
                    endpoint.Id,
                    active.Verdict == HealthVerdict.Unhealthy ? TransitionKind.Unhealthy : TransitionKind.Healthy,
                    active.Reason));
                break;

            case UpstreamEvent.FailedTooOften { Endpoint: var endpoint, Last: var last }:
                ejections?.Eject(endpoint, last, Availability.Of(View.All, Options.Health));
                break;

            case UpstreamEvent.EjectionDue:
                ejections?.End();
                break;

            case UpstreamEvent.Operated { Endpoint: var endpoint }:
                _context.Tell(endpoint.IsDrained
                    ? new EndpointTransition(endpoint.Id, TransitionKind.Drained, "an operator drained it")
                    : new EndpointTransition(endpoint.Id, TransitionKind.Enabled, "an operator enabled it"));
                break;

            case UpstreamEvent.Fence { Passed: var passed }:
                Publish();
                passed.SetResult();
                break;
        }
    }

    /// <summary>Publishes a view of the present, unless it is the one that is published.</summary>
    private void Publish()
    {
        var view = View;
        var available = Availability.Of(view.All, Options.Health);
        if (!available.AsSpan().SequenceEqual(view.Available.AsSpan()))
        {
            _view.Swap(Build(view.All, available));
        }
    }

    private UpstreamView Build(ImmutableArray<Member> all, ImmutableArray<Member> available) =>
        new(all, available, BalancerCatalog.Build(Options.Balance, available, all.Length, _cursor));
}
