using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Tests;

/// <summary>What signals order; each is sent to this process.</summary>
[NonParallelizable]
public sealed class OrdersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task SIGHUP_reloads()
    {
        using var orders = Orders.FromSignals();
        Send("HUP");
        await orders.Given.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.That(orders.Stop.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task SIGUSR1_opens_log_files_again()
    {
        using var orders = Orders.FromSignals();
        var reopened = new TaskCompletionSource();
        orders.OnReopenLogs = reopened.SetResult;
        Send("USR1");
        await reopened.Task.WaitAsync(Patience);
        Assert.That(orders.Stop.IsCancellationRequested, Is.False);
    }

    [Test]
    public void SIGTERM_ends_in_order_and_said_twice_at_once()
    {
        using var orders = Orders.FromSignals();
        Send("TERM");
        Assert.That(IsGiven(orders.Stop), Is.True);
        Assert.That(orders.Hurry.IsCancellationRequested, Is.False);
        Send("TERM");
        Assert.That(IsGiven(orders.Hurry), Is.True);
    }

    [Test]
    public void SIGINT_ends_at_once()
    {
        using var orders = Orders.FromSignals();
        Send("INT");
        Assert.That(IsGiven(orders.Hurry) && IsGiven(orders.Stop), Is.True);
    }

    [Test]
    public async Task Who_orders_a_reload_may_wait_for_its_outcome()
    {
        using var orders = new Orders();
        var outcome = orders.OrderReloadAsync(new ReloadRequest(ReloadCause.Command));
        ((ReloadOrder)await orders.Given.ReadAsync()).Done(ReloadOutcome.None);
        Assert.That(await outcome.WaitAsync(Patience), Is.SameAs(ReloadOutcome.None));
    }

    [Test]
    public void Who_waits_for_a_reload_is_let_go_when_the_order_to_end_comes_first()
    {
        using var orders = new Orders();
        var outcome = orders.OrderReloadAsync(new ReloadRequest(ReloadCause.Command));
        orders.OrderStop();
        Assert.That(() => outcome.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task What_came_too_late_for_a_process_that_leaves_is_passed_on_unless_somebody_waits_for_it()
    {
        using var orders = new Orders();
        orders.OrderReload();
        var asked = orders.OrderReloadAsync(new ReloadRequest(ReloadCause.Command));
        orders.OrderReload(new ReloadRequest(ReloadCause.Watch));
        orders.OrderUpgrade();
        var passed = new List<int>();
        orders.Leave(passed.Add);
        Assert.That(passed, Is.EqualTo(new[] { 1, 12 }), "SIGHUP and SIGUSR2");
        await Assert.ThatAsync(() => asked.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        orders.OrderReload();
        Assert.That(orders.Given.TryRead(out _), Is.False);
        Assert.That(passed, Is.EqualTo(new[] { 1, 12, 1 }), "what comes later is for the other process too");
    }

    [Test]
    public void A_process_that_has_left_has_the_time_of_its_drain_however_often_it_is_told_to_end()
    {
        using var orders = new Orders();
        orders.Leave(_ => { });
        Assert.That(orders.Stop.IsCancellationRequested, Is.True);
        for (var times = 0; times < 3; times++)
        {
            orders.OrderStop();
        }

        Assert.That(orders.Hurry.IsCancellationRequested, Is.False);
        orders.OrderHurry();
        Assert.That(orders.Hurry.IsCancellationRequested, Is.True);
    }

    private static void Send(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero);
    }

    private static bool IsGiven(CancellationToken order) => order.WaitHandle.WaitOne(Patience);
}
