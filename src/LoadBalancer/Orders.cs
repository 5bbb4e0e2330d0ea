using System.Runtime.InteropServices;
using System.Threading.Channels;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon;

/// <summary>What the operator orders a running daemon to do: by signals, or by a test. Thread-safe.</summary>
internal sealed class Orders : IDisposable
{
    /// <summary>SIGUSR1 by its number on Linux: the platform has no name for it.</summary>
    private const PosixSignal UserSignal = (PosixSignal)10;

    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Channel<ReloadOrder> _reloads = Channel.CreateUnbounded<ReloadOrder>();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _hurry = new();

    /// <summary>Canceled by the order to end: drain, then end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Canceled by the order to end at once, which is an order to end too.</summary>
    public CancellationToken Hurry => _hurry.Token;

    /// <summary>Orders to reload, one item each.</summary>
    public ChannelReader<ReloadOrder> Reloads => _reloads.Reader;

    /// <summary>Does what the order to open log files again asks; any thread, and it does not throw. Default: nothing.</summary>
    public Action OnReopenLogs { get; set; } = static () => { };

    /// <summary>
    /// The orders that signals give: SIGHUP reloads, SIGUSR1 opens log files again, SIGTERM ends in order, SIGINT or a second
    /// SIGTERM ends at once.
    /// </summary>
    public static Orders FromSignals()
    {
        var orders = new Orders();
        orders.On(PosixSignal.SIGHUP, orders.OrderReload);
        orders.On(UserSignal, orders.OrderReopenLogs);
        orders.On(PosixSignal.SIGTERM, orders.OrderStop);
        orders.On(PosixSignal.SIGINT, orders.OrderHurry);
        return orders;
    }

    /// <summary>Orders a reload of the file, as SIGHUP does.</summary>
    public void OrderReload() => OrderReload(new ReloadRequest(ReloadCause.Signal));

    /// <summary>Orders a reload.</summary>
    public void OrderReload(ReloadRequest request) => _reloads.Writer.TryWrite(new ReloadOrder(request));

    /// <summary>Orders a reload and waits for its outcome.</summary>
    /// <exception cref="OperationCanceledException">The order to end came first.</exception>
    public Task<ReloadOutcome> OrderReloadAsync(ReloadRequest request)
    {
        var order = new ReloadOrder(request);
        _reloads.Writer.TryWrite(order);
        return order.Outcome.WaitAsync(Stop);
    }

    /// <summary>Orders log files to be opened again: what had their name may have been renamed.</summary>
    public void OrderReopenLogs() => OnReopenLogs();

    /// <summary>Orders the end; said twice, the end at once.</summary>
    public void OrderStop()
    {
        if (_stop.IsCancellationRequested)
        {
            _hurry.Cancel();
        }

        _stop.Cancel();
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

    private void On(PosixSignal signal, Action order) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        order();
    }));
}
