using System.Runtime.InteropServices;
using System.Threading.Channels;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Upgrading;

namespace LoadBalancer.Daemon;

/// <summary>What the operator orders a running daemon to do: by signals, or by a test. Thread-safe.</summary>
internal sealed class Orders : IDisposable
{
    /// <summary>SIGUSR1 and SIGUSR2 by their numbers on Linux: the platform has no names for them.</summary>
    private const PosixSignal UserSignal1 = (PosixSignal)10;

    private const PosixSignal UserSignal2 = (PosixSignal)12;

    /// <summary>SIGHUP by its number on Linux, which is not the platform's.</summary>
    private const int Hangup = 1;

    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Channel<Order> _given = Channel.CreateUnbounded<Order>();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _hurry = new();
    private int _saidStop;
    private Action<int>? _passOn;
    private volatile bool _hasLeft;

    /// <summary>Canceled by the order to end: drain, then end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Canceled by the order to end at once, which is an order to end too.</summary>
    public CancellationToken Hurry => _hurry.Token;

    /// <summary>Orders to reload and to be replaced, one item each.</summary>
    public ChannelReader<Order> Given => _given.Reader;

    /// <summary>Does what the order to open log files again asks; any thread, and it does not throw. Default: nothing.</summary>
    public Action OnReopenLogs { get; set; } = static () => { };

    /// <summary>
    /// The orders that signals give: SIGHUP reloads, SIGUSR1 opens log files again, SIGUSR2 lets a new process take over, SIGTERM ends in
    /// order, SIGINT or a second SIGTERM ends at once.
    /// </summary>
    public static Orders FromSignals()
    {
        var orders = new Orders();
        orders.On(PosixSignal.SIGHUP, orders.OrderReload);
        orders.On(UserSignal1, orders.OrderReopenLogs);
        orders.On(UserSignal2, orders.OrderUpgrade);
        orders.On(PosixSignal.SIGTERM, orders.OrderStop);
        orders.On(PosixSignal.SIGINT, orders.OrderHurry);
        return orders;
    }

    /// <summary>Orders a reload of the file, as SIGHUP does.</summary>
    public void OrderReload() => GiveOrPassOn(new ReloadOrder(new ReloadRequest(ReloadCause.Signal)) { Signal = Hangup });

    /// <summary>Orders a reload.</summary>
    public void OrderReload(ReloadRequest request) => _given.Writer.TryWrite(new ReloadOrder(request));

    /// <summary>Orders a reload and waits for its outcome.</summary>
    /// <exception cref="OperationCanceledException">The order to end came first.</exception>
    public Task<ReloadOutcome> OrderReloadAsync(ReloadRequest request)
    {
        var order = new ReloadOrder(request);
        _given.Writer.TryWrite(order);
        return order.Outcome.WaitAsync(Stop);
    }

    /// <summary>Orders the daemon to be replaced by a new process, as SIGUSR2 does.</summary>
    public void OrderUpgrade() => GiveOrPassOn(new UpgradeOrder(Upgrade.Patience) { Signal = (int)UserSignal2 });

    /// <summary>Orders the daemon to be replaced by a new process, and waits for the outcome.</summary>
    /// <param name="patience">How long the new process may take to be ready.</param>
    public async Task<UpgradeOutcome> OrderUpgradeAsync(TimeSpan patience)
    {
        var order = new UpgradeOrder(patience);
        _given.Writer.TryWrite(order);
        await ((Task)order.Outcome.WaitAsync(Stop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return order.Outcome.IsCompleted ? await order.Outcome : new UpgradeOutcome(null, "lb is stopping");
    }

    /// <summary>
    /// Ends what waits for orders: another process takes them from now on. This one ends with what it has, so that an order to end says nothing new: a service
    /// manager gives it to every process of a service, and again once the main one has ended. <see cref="OrderHurry"/> still ends it at once.
    /// </summary>
    /// <param name="passOn">Takes the number of each signal whose order came too late to be obeyed here, or comes later: it is for the other process. Any thread.</param>
    public void Leave(Action<int> passOn)
    {
        _passOn = passOn;
        _hasLeft = true;
        _given.Writer.TryComplete();
        while (_given.Reader.TryRead(out var late))
        {
            if (late.Signal is { } signal)
            {
                passOn(signal);
            }
        }

        _stop.Cancel();
    }

    /// <summary>Orders log files to be opened again: what had their name may have been renamed.</summary>
    public void OrderReopenLogs() => OnReopenLogs();

    /// <summary>Orders the end; said twice, the end at once.</summary>
    public void OrderStop()
    {
        if (_hasLeft)
        {
            return;
        }

        var again = Interlocked.Exchange(ref _saidStop, 1) != 0;
        _stop.Cancel();
        if (again)
        {
            _hurry.Cancel();
        }
    }

    /// <summary>Orders the end at once.</summary>
    public void OrderHurry()
    {
        _hurry.Cancel();
        _stop.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _stop.Dispose();
        _hurry.Dispose();
    }

    private void GiveOrPassOn(Order order)
    {
        if (!_given.Writer.TryWrite(order) && order.Signal is { } signal)
        {
            _passOn?.Invoke(signal);
        }
    }

    private void On(PosixSignal signal, Action order) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        order();
    }));
}
