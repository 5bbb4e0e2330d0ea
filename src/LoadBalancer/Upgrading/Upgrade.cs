using System.Globalization;
using System.Text.Json;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>
/// The replacement of this process by a new one of the same program, while both serve (ADR 0014). One at a time.
/// <code>
///   old                                       new
///   start the program again ────────────────► reads the file
///   copies of listening sockets, the lock,
///   notes of endpoints                    ──► takes them, builds, probes, looks up
///   serves as before                     ◄─── ready, or failed and why
///   writes what callers have used
///   yours                                ──► reads it, accepts
///   MAINPID to the service manager;      ◄─── accepting
///   leaves the sockets
///   drains, says what it has, ends        ──► serves
/// </code>
/// Until the old one has read the last word it can go on as if nothing had been; whatever comes instead of it, or nothing within a bound, is
/// a failure of the new one, which is then killed.
/// </summary>
/// <param name="sockets">What accepts.</param>
/// <param name="transport">What the admin pages listen on.</param>
/// <param name="activated">The service manager's sockets.</param>
/// <param name="state">What outlives the process; null for nothing.</param>
/// <param name="notes">What operators have said of endpoints.</param>
/// <param name="kept">What callers have used.</param>
/// <param name="shared">The same, among instances.</param>
/// <param name="tally">Counts upgrades.</param>
/// <param name="service">What the service manager told this process.</param>
/// <param name="notifier">The way to it.</param>
/// <param name="log">Told how it goes.</param>
internal sealed class Upgrade(
    SocketTable sockets, EpollTransport transport, ActivatedSockets activated, StateFolder? state, IReadOnlyList<EndpointNotes> notes, KeptCounts kept, SharedUsage shared,
    UpgradeTally tally, ServiceEnvironment service, Notifier notifier, LogSink log)
{
    /// <summary>How long the new process may take to be ready, unless the operator says otherwise.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How long it may take between two words that need no work.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long the new process may take at least, once it was started.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(1);

    /// <summary>How often the new process hears what this one still has.</summary>
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(1);

    private Successor? _successor;

    /// <summary>Starts the new process and lets it take over; after a failure everything is as before.</summary>
    /// <param name="patience">How long it may take to be ready.</param>
    /// <param name="stop">Ends it early: a failure.</param>
    public async Task<UpgradeOutcome> RunAsync(TimeSpan patience, CancellationToken stop)
    {
        if (Environment.ProcessId == 1)
        {
            return Refuse("lb is process 1 of its container, which ends with it: start a container of the new version instead");
        }

        HoldChanges(true);
        var outcome = await StartAsync(patience, stop);
        if (outcome.Failure is null)
        {
            notifier.Silence();
            log.Info("the new process serves; this one finishes what it has and ends", ("pid", outcome.ProcessId));
        }
        else
        {
            HoldChanges(false);
            state?.NoteProcess();
        }

        return outcome;
    }

    /// <summary>An upgrade that fails before it begins, or has failed: it is counted, and logged.</summary>
    public UpgradeOutcome Refuse(string why)
    {
        tally.CountFailed();
        log.Error("the upgrade failed; this process goes on", ("why", why));
        return new UpgradeOutcome(null, why);
    }

    /// <summary>Leaves the sockets to the new process.</summary>
    public Task LeaveAsync() => Task.WhenAll(
        [.. sockets.Open.Values.Select(socket => socket.HandOverAsync()), .. transport.Listeners.Select(listener => listener.Sockets.HandOverAsync())]);

    /// <summary>Sends a signal to the process that has taken over.</summary>
    public void PassOn(int signal) => _successor?.Signal(signal);

    /// <summary>
    /// After another process has taken over, while this one drains: tells it what this one still has, and notices when it ends.
    /// </summary>
    /// <param name="connections">How many connections this one has.</param>
    /// <param name="alive">True while its loops turn; while they do not, it says nothing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="failed">
    /// Called where the other one ends in disorder: nobody serves then, and whoever would start another waits for this one to end
    /// (systemd does, for the whole control group).
    /// </param>
    /// <returns>Ends the telling.</returns>
    public IDisposable Accompany(Func<int> connections, Func<bool> alive, TimeProvider time, Action failed)
    {
        var successor = _successor!;
        _ = NoticeEndAsync(successor, failed);
        return time.CreateTimer(
            _ =>
            {
                if (alive())
                {
                    Tell(successor, connections());
                }
            },
            null, TimeSpan.Zero, TellEvery);
    }

    private async Task<UpgradeOutcome> StartAsync(TimeSpan patience, CancellationToken stop)
    {
        Successor successor;
        try
        {
            var command = ProgramCommand.OfProcess();
            log.Info("an upgrade begins", ("program", command.Program));
            successor = Successor.Start(command, service.ForSuccessor, detaches: notifier.Active);
        }
        catch (Exception error)
        {
            return Refuse($"the new process cannot be started: {error.Message}");
        }

        // Its end ends the wait for it.
        using var stopping = stop.Register(() => successor.End());
        string? failure;
        try
        {
            failure = await Task.Run(() => HandOver(successor, patience, stop), CancellationToken.None);
        }
        catch (Exception error)
        {
            // Whatever it was, this process goes on; it does not end because another could not begin.
            log.Error(error, "an error of lb itself while it was to be replaced");
            failure = error.Message;
        }

        if (failure is null)
        {
            _successor = successor;
            return new UpgradeOutcome(successor.ProcessId, null);
        }

        var exitCode = successor.End();
        successor.Dispose();
        return Refuse(stop.IsCancellationRequested ? "lb is stopping" : exitCode is { } code ? FormattableString.Invariant($"{failure} (exit code {code})") : failure);
    }

    /// <summary>The talk with the new process; why it failed, or null.</summary>
    private string? HandOver(Successor successor, TimeSpan patience, CancellationToken stop)
    {
        var channel = successor.Channel;
        var late = false;
        var began = TimeProvider.System.GetTimestamp();
        var answer = Give(channel) ? channel.Receive(patience, out _, out late) : null;
        if (answer?.StartsWith(Predecessor.Detached, StringComparison.Ordinal) == true)
        {
            successor.Detach(int.Parse(answer[Predecessor.Detached.Length..], CultureInfo.InvariantCulture));
            if (stop.IsCancellationRequested)
            {
                // Who was told to end it knew only the process that has started it.
                successor.End();
            }

            var left = patience - TimeProvider.System.GetElapsedTime(began);
            answer = channel.Receive(left > ShortestPatience ? left : ShortestPatience, out _, out late);
        }

        if (late)
        {
            return FormattableString.Invariant($"the new process was not ready within {patience.TotalSeconds:0.###} s");
        }

        if (answer is null)
        {
            successor.AwaitEnd();
            return "the new process ended before it was ready";
        }

        if (answer != Predecessor.Ready)
        {
            return $"the new process gave up: {(answer.StartsWith(Predecessor.Failed, StringComparison.Ordinal) ? answer[Predecessor.Failed.Length..] : answer)}";
        }

        kept.HandOver();
        if (channel.Send(shared.Tells ? Predecessor.Yours : Predecessor.YoursUntold, ShortPatience) && channel.Receive(ShortPatience, out _, out _) == Predecessor.Accepting
            && !successor.HasLeft())
        {
            // Not before: the service manager hears none but the main process, so this one could not take it back. The new one speaks to it once this one leaves.
            notifier.MainProcess(successor.ProcessId);
            return null;
        }

        return "the new process was ready, and then did not take over";
    }

    private bool Give(DescriptorChannel channel)
    {
        var given = channel.Send(Predecessor.Greeting, ShortPatience);
        foreach (var (name, socket) in sockets.Open)
        {
            given = given && Give(channel, name, socket.Descriptors);
        }

        foreach (var listener in transport.Listeners)
        {
            given = given && Give(channel, listener.Name, listener.Sockets.Descriptors);
        }

        foreach (var socket in activated.All)
        {
            given = given && channel.Send(Predecessor.Activated + socket.Name, ShortPatience, [socket.Descriptor]);
        }

        given = given && (state is null || channel.Send(Predecessor.Lock + state.Path, ShortPatience, [state.Lock]))
            && channel.Send(FormattableString.Invariant($"{Predecessor.Upgrades}{tally.Done} {tally.Failed}"), ShortPatience)
            && channel.Send(Predecessor.Notes, ShortPatience);
        foreach (var note in notes.SelectMany(kind => kind.All))
        {
            given = given && channel.Send(Predecessor.Note + JsonSerializer.Serialize(note, StateJson.Default.EndpointNote), ShortPatience);
        }

        return given && channel.Send(Predecessor.Complete, ShortPatience);
    }

    private static bool Give(DescriptorChannel channel, string name, ReadOnlySpan<int> descriptors)
    {
        while (!descriptors.IsEmpty)
        {
            var some = descriptors[..Math.Min(descriptors.Length, DescriptorChannel.MostDescriptors)];
            if (!channel.Send(Predecessor.Listener + name, ShortPatience, some))
            {
                return false;
            }

            descriptors = descriptors[some.Length..];
        }

        return true;
    }

    // What the new process has read or was told is not to change under it.
    private void HoldChanges(bool held)
    {
        foreach (var kind in notes)
        {
            kind.IsHandedOver = held;
        }

        if (state is not null)
        {
            state.IsHandedOver = held;
        }
    }

    // What it does not take, because it is of an earlier version or busy, is told again in a second.
    private void Tell(Successor successor, int connections) => successor.Channel.Send(
        FormattableString.Invariant($"{Predecessor.Draining}{1 + tally.DrainingProcesses} {connections + tally.DrainingConnections}"), TimeSpan.FromMilliseconds(1));

    private async Task NoticeEndAsync(Successor successor, Action failed)
    {
        if (await successor.EndedAsync() is { } how)
        {
            log.Error("the process that took over has failed; this one ends at once, so that another can start", ("pid", successor.ProcessId), ("why", how));
            failed();
        }
    }
}
