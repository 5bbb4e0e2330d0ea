using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What a service manager sees of an upgrade: it hears the main process alone, and notices the end of its own children alone.</summary>
internal sealed class UpgradeManagerScenarios
{
    // Where the fourth field of proc_pid_stat(5) is, counted from the name's end.
    private const int Parent = 1;

    [Test]
    public async Task The_new_process_is_no_child_of_the_old_one_by_the_time_that_it_is_the_main_one()
    {
        using var lb = Prepared();
        await lb.StartAsync();
        for (var upgrade = 0; upgrade < 2; upgrade++)
        {
            var old = lb.ProcessId;
            UpgradableLb.Signal(old, "USR2");
            var process = int.Parse((await lb.Manager.WaitForLineAsync("MAINPID="))["MAINPID=".Length..], CultureInfo.InvariantCulture);
            Assert.That(ParentOf(process), Is.Not.EqualTo(old));
            await lb.Manager.WaitForAsync("READY=1");
            Assert.That(lb.ProcessId, Is.EqualTo(process));
            Assert.That(() => UpgradableLb.HasEnded(old), Is.True.After(30_000, 20), "nothing was open");
            Assert.That(UpgradableLb.HasEnded(process), Is.False);
        }
    }

    /// <summary>The service manager would believe in a process that is not there any more, and would not hear the one that serves.</summary>
    [Test]
    public async Task One_that_was_ready_and_then_does_not_take_over_is_never_the_main_one()
    {
        using var lb = Prepared();
        await lb.StartAsync();
        var old = lb.ProcessId;

        // It reads what it is given up to the word "complete", says that it is ready, and ends.
        lb.InstallScript("""
            exec bash -c 'while read -r -N 1 -u "$LB_HANDOVER" word; do if [ "$word" = c ]; then printf ready >&"$LB_HANDOVER"; exit 0; fi; done'
            """);
        var (status, _, error) = await lb.UpgradeAsync();
        Assert.That(status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(error, Does.StartWith("the new process was ready, and then did not take over"));

        lb.Install(RunningLb.Program);
        var (again, process, why) = await lb.UpgradeAsync();
        Assert.That(again, Is.EqualTo(HttpStatusCode.OK), why);
        Assert.That(await lb.Manager.WaitForLineAsync("MAINPID="), Is.EqualTo($"MAINPID={process}"), $"the first word of it, and {old} had to say nothing of itself");
    }

    /// <summary>A service manager starts a service again that has failed, not one that has ended in order.</summary>
    [Test]
    public async Task An_old_process_that_ends_because_the_new_one_failed_has_failed_too()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var tcp = Loopback.Refusing();
        WriteEcho(lb, tcp, echo);
        await lb.StartAsync();
        using var open = Open(tcp);
        lb.InstallScript(Accepting($"read -r _ <{lb["go"]}; exit 3"));
        UpgradableLb.MakePipe(lb["go"]);
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK));
        await File.WriteAllTextAsync(lb["go"], "\n");
        Assert.That(await lb.FirstExitCodeAsync(), Is.EqualTo(1));
    }

    /// <summary>A service manager kills what is left after the main process when its own time is over, however long the file gives it.</summary>
    [Test]
    public async Task A_stop_lasts_as_long_as_an_earlier_process_drains_and_asks_for_that_time()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var tcp = Loopback.Refusing();
        WriteEcho(lb, tcp, echo);
        await lb.StartAsync();
        var first = lb.ProcessId;
        using var open = Open(tcp);
        var (status, second, error) = await lb.UpgradeAsync();
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), error);
        UpgradableLb.Signal(second, "TERM");
        Assert.That(await lb.Manager.WaitForLineAsync("EXTEND_TIMEOUT_USEC="), Is.EqualTo("EXTEND_TIMEOUT_USEC=605000000"), "its own drain");
        await lb.Manager.WaitForAsync("EXTEND_TIMEOUT_USEC=10000000");
        await lb.Manager.WaitForAsync("EXTEND_TIMEOUT_USEC=10000000");
        Assert.That(UpgradableLb.HasEnded(first) || UpgradableLb.HasEnded(second), Is.False);
        open.Dispose();
        Assert.That(() => UpgradableLb.HasEnded(first) && UpgradableLb.HasEnded(second), Is.True.After(30_000, 20));
    }

    private static UpgradableLb Prepared()
    {
        var lb = new UpgradableLb();
        lb.Write("listeners: {web: {bind: \"127.0.0.1:0\", http: {routes: [{respond: {status: 204} }]} } }");
        return lb;
    }

    private static void WriteEcho(UpgradableLb lb, EndPoint tcp, EchoEndpoint echo) => lb.Write($$"""
        listeners: {echo: {bind: "{{tcp}}", tcp: {upstream: echo} } }
        upstreams: {echo: {endpoints: ["{{echo.Address}}"]} }
        shutdown: {unready_for: 0s, drain: 10m}
        """);

    private static Socket Open(EndPoint tcp)
    {
        var socket = Loopback.Connect(tcp);
        socket.ReceiveExactly(1);
        return socket;
    }

    /// <summary>A program that reads what it is given, says that it is ready and, told that it is its turn, that it accepts.</summary>
    /// <param name="end">What it does then.</param>
    private static string Accepting(string end) => $$"""
        exec bash -c 'while read -r -N 1 -u "$LB_HANDOVER" word; do case $word in (c) printf ready >&"$LB_HANDOVER";; (y) printf accepting >&"$LB_HANDOVER"; {{end}};; esac; done'
        """;

    private static int ParentOf(int process) => int.Parse(File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ')[Parent], CultureInfo.InvariantCulture);
}
