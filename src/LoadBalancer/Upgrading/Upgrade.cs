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
///   copies of listening sockets, the lock ──► takes them, builds, probes, looks up
///   serves as before                     ◄─── ready, or failed and why
///   writes what callers have used
///   MAINPID to the service manager; yours ──► reads it, accepts
///   leaves the sockets                   ◄─── accepting
///   drains and ends                           serves
/// </code>
/// Until the old one has read the last word it can go on as if nothing had been; whatever comes instead of it, or nothing within a bound, is
/// a failure of the new one, which is then killed.
/// </summary>
internal sealed class Upgrade(
    SocketTable sockets, EpollTransport transport, ActivatedSockets activated, StateFolder? state, KeptCounts kept, SharedUsage shared, ServiceEnvironment service, Notifier notifier, LogSink log)
{
    /// <summary>How long the new process may take to be ready, unless the operator says otherwise.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How long it may take between two words that need no work.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(10);

    /// <summary>Starts the new process and lets it take over; after a failure everything is as before.</summary>
    /// <param name="patience">How long it may take to be ready.</param>
    /// <param name="stop">Ends it early: a failure.</param>
    public async Task<UpgradeOutcome> RunAsync(TimeSpan patience, CancellationToken stop)
    {
        if (Environment.ProcessId == 1)
        {
            return Fail("lb is process 1 of its container, which ends with it: start a container of the new version instead");
        }

        if (state is not null)
        {
            state.IsHandedOver = true;
        }

        var outcome = await StartAsync(patience, stop);
        if (outcome.Failure is null)
        {
            notifier.Silence();
            log.Info("the new process serves; this one finishes what it has and ends", ("pid", outcome.ProcessId));
        }
        else if (state is not null)
        {
            state.IsHandedOver = false;
            state.NoteProcess();
        }

        return outcome;
    }

    /// <summary>Leaves the sockets to the new process.</summary>
    public Task LeaveAsync() => Task.WhenAll(
        [.. sockets.Open.Values.Select(socket => socket.HandOverAsync()), .. transport.Listeners.Select(listener => listener.Sockets.HandOverAsync())]);

    private async Task<UpgradeOutcome> StartAsync(TimeSpan patience, CancellationToken stop)
    {
        Successor successor;
        try
        {
            var command = ProgramCommand.OfProcess();
            log.Info("an upgrade begins", ("program", command.Program));
            successor = Successor.Start(command, service.ForSuccessor);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Fail($"the new process cannot be started: {error.Message}");
        }

        using (successor)
        {
            // Its end ends the wait for it.
            using var stopping = stop.Register(() => successor.End());
            var failure = await Task.Run(() => HandOver(successor, patience), CancellationToken.None);
            if (failure is null)
            {
                return new UpgradeOutcome(successor.ProcessId, null);
            }

            var exitCode = successor.End();
            return Fail(stop.IsCancellationRequested ? "lb is stopping" : exitCode is { } code ? FormattableString.Invariant($"{failure} (exit code {code})") : failure);
        }
    }

    /// <summary>The talk with the new process; why it failed, or null.</summary>
    private string? HandOver(Successor successor, TimeSpan patience)
    {
        var channel = successor.Channel;
        var late = false;
        var answer = Give(channel) ? channel.Receive(patience, out _, out late) : null;
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

        // In this order: the new process speaks to the service manager when it has its turn.
        notifier.MainProcess(successor.ProcessId);
        if (channel.Send(shared.Tells ? Predecessor.Yours : Predecessor.YoursUntold, ShortPatience) && channel.Receive(ShortPatience, out _, out _) == Predecessor.Accepting)
        {
            return null;
        }

        notifier.MainProcess(Environment.ProcessId);
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

        return given && (state is null || channel.Send(Predecessor.Lock + state.Path, ShortPatience, [state.Lock])) && channel.Send(Predecessor.Complete, ShortPatience);
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

    private UpgradeOutcome Fail(string why)
    {
        log.Error("the upgrade failed; this process goes on", ("why", why));
        return new UpgradeOutcome(null, why);
    }
}
