// One file, because it is the composition, which is read top to bottom.
using System.Globalization;
using System.Security.Cryptography;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Daemon.Upgrading;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Http;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;
using LoadBalancer.Tls.Streams;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon;

/// <summary>
/// The composition: which parts there are, who is given whom, and in which order they begin and end. Read it top to bottom.
/// </summary>
internal static class Daemon
{
    /// <summary>The connect deadline of whoever has none of their own; longer than any probe may ask for.</summary>
    private static readonly TimeSpan ControlConnectTimeout = TimeSpan.FromMinutes(2);

    /// <summary>How long a process that replaces another waits for what it does not know of its endpoints; probes of new endpoints begin within a second.</summary>
    private static readonly TimeSpan FirstAnswersPatience = TimeSpan.FromSeconds(3);

    /// <summary>Runs until the orders say stop.</summary>
    /// <param name="path">The configuration.</param>
    /// <param name="strict">True where nothing may run but the file: not what ran last, where the file is no use.</param>
    /// <param name="terminal">Takes the errors of the first load; gives the environment of <c>${env:}</c>.</param>
    /// <param name="service">What the service manager says.</param>
    /// <param name="orders">Reload, stop.</param>
    /// <param name="time">The clock of everything.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string path, bool strict, Terminal terminal, ServiceEnvironment service, Orders orders, TimeProvider time)
    {
        try
        {
            // 0. The process that this one replaces, in an upgrade.
            if (Detachment.Run(service) is { } started)
            {
                return started ? ExitCode.Success : ExitCode.Failure;
            }

            using var predecessor = Predecessor.Of(service);
            return await RunAsync(path, strict || predecessor is not null, terminal, service, predecessor, orders, time);
        }
        catch (IOException error)
        {
            await terminal.Error.WriteLineAsync(error.Message);
            return ExitCode.Failure;
        }
    }

    private static async Task<int> RunAsync(string path, bool strict, Terminal terminal, ServiceEnvironment service, Predecessor? predecessor, Orders orders, TimeProvider time)
    {
        // 1. The file. Where it is no use, the last good one, which the state folder has; not in an upgrade, where the old process has a good one.
        var routes = new RouteMemory();
        var file = GatewayFile.Load(path, terminal.Environment, new LoadSettings { Routes = routes });
        foreach (var error in file.Errors)
        {
            await terminal.Error.WriteLineAsync(error.ToString());
        }

        var folder = (file.Options?.State ?? GatewayFile.LoadState(path, terminal.Environment)).Folder(service.Take("STATE_DIRECTORY"));
        if (file.Options is null && (strict || !Directory.Exists(folder)))
        {
            predecessor?.Fail($"{file.Errors[0]}{(file.Errors.Count > 1 ? $" (and {file.Errors.Count - 1} more errors)" : "")}");
            return ExitCode.Failure;
        }

        using var log = LogSink.ToStandardError(Severity.Info, time);
        try
        {
            // What outlives the process: a second one with the same folder does not start, but for one that replaces the first.
            using var state = folder is null ? null : StateFolder.Open(folder, time, log, predecessor?.TakeLock(folder));
            var (drained, weights) = (new EndpointNotes(state, EndpointNotes.Drained, predecessor?.EndpointNotes), new EndpointNotes(state, EndpointNotes.Weights, predecessor?.EndpointNotes));
            var history = new ConfigHistory(state, log);
            var (quotas, usage) = (new QuotaTable(), new UsageTable(time));
            await using var kept = new KeptCounts(state, quotas, usage, time, log);
            if ((file.Options ?? (strict ? null : history.LastGood(path, terminal.Environment)?.Options)) is not { } options)
            {
                return ExitCode.Failure;
            }

            log.Least = Enum.Parse<Severity>(options.Log.Level, ignoreCase: true);
            usage.IsOn = options.State.Usage;

            // 2. The engine, and what it reports to.
            using var loops = new LoopGroup(
                options.Transport.Loops > 0 ? options.Transport.Loops : Environment.ProcessorCount,
                time,
                onUnhandledError: (loop, error) => log.Error(error, "an error of lb itself; one connection is lost", ("loop", loop.Index)),
                onStall: loop => log.Warn("an event loop has not turned for 100 ms: something blocks it", ("loop", loop.Index)));
            using var access = new LoopLog(loops.Loops.Length, LogDestination.Parse(options.Log.Access), time, log);
            var connections = new ConnectionLog(access, time);
            var requests = new AccessLog(access, time) { Style = options.Log.Style };
            orders.OnReopenLogs = () => Reopen(access, log);
            var transport = new EpollTransport(loops, ControlConnectTimeout) { Inherited = predecessor?.Listeners };

            // 3. The service manager: its sockets, its questions.
            using var notifier = new Notifier(service, time, log);
            using var activated = predecessor?.TakeActivated() ?? ActivatedSockets.FromEnvironment(service);
            using var watchdog = new Watchdog(service, notifier, () => loops.AllTurning, time, log);

            // 4. What a configuration becomes, and how it is replaced.
            var tls = new TlsOutfit(TlsEngines.Of(terminal.Environment(TlsEngines.Variable)), new HandshakePaces(loops.Loops, time));
            var context = new BuildContext
            {
                Time = time,
                Loops = loops.Loops.Length,
                Seeds = new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
                Connections = transport,
                IsDrained = id => drained.Find(id) is not null,
                AssignedWeight = id => weights.Find(id)?.Weight,
                Quotas = quotas,
                OnTransition = change => Log(change, log),
                OnDiscovery = report => Log(report, log),
                Tls = tls,
                ParseList = YamlSource.ReadKeyFile,
                OnTls = report => Log(report, log),
                OnProvider = report => Log(report, log),
                OnRedis = report => Log(report, log),
                OnPanic = panic => log.Write(
                    panic.Began ? Severity.Warn : Severity.Info,
                    null,
                    panic.Began ? "upstream in panic: endpoints are used although their probes fail" : "upstream out of panic",
                    ("upstream", panic.Upstream), ("reason", panic.Reason)),
                OnCircuit = circuit => log.Write(
                    circuit.State == CircuitState.Open ? Severity.Warn : Severity.Info,
                    null,
                    $"circuit breaker {CircuitStatus.Word(circuit.State).Replace('_', '-')}",
                    ("upstream", circuit.Upstream), ("reason", circuit.Reason)),
                OnBug = error => log.Error(error, "an error of lb itself"),
            };
            var readiness = new Readiness();
            var proxies = new HttpProxyBuilder { Engine = new HttpEngine(loops.Loops, report => Log(report, log)), Context = context, Usage = usage, AccessLog = requests, Log = connections, IsReady = () => readiness.Reasons.Count == 0 };
            var sockets = new SocketTable(loops, activated, predecessor?.Listeners);
            using var terminations = new TlsTerminationBuilder(tls.Engine, tls.Paces, time);
            using var reloader = new Reloader(path, terminal.Environment, new SnapshotBuilder(loops, sockets, context, proxies, terminations, connections, log, orders.Hurry), history, time, log)
            {
                Routes = routes,
            };
            var shared = new SharedUsage(
                usage, () => reloader.Snapshot.Store?.Client, state, time,
                refusal => log.Warn("redis refuses what usage is shared by", ("reason", refusal)));
            var upgrades = predecessor?.Tally ?? new UpgradeTally();
            var upgrade = new Upgrade(sockets, transport, activated, state, [drained, weights], kept, shared, upgrades, service, notifier, log);
            var status = new StatusReader(reloader, readiness, loops, proxies.Engine, drained, weights, time);
            var deadlines = new DrainDeadlines(() => reloader.Snapshot, proxies.Engine, time, log, orders.Hurry);
            IAdminAction[] actions =
            [
                new DrainAction(drain: true, () => reloader.Snapshot, drained, deadlines, time),
                new DrainAction(drain: false, () => reloader.Snapshot, drained, deadlines, time),
                new WeightAction(() => reloader.Snapshot, weights, time),
                new PurgeAction(() => reloader.Snapshot, time),
                new ReloadAction(orders.OrderReloadAsync, () => reloader.Snapshot.Digest),
                new UpgradeAction(orders.OrderUpgradeAsync),
                new RollbackAction(orders.OrderReloadAsync, () => reloader.Snapshot.Digest),
                new ExplainAction(loops, () => reloader.Snapshot),
                new RequestsAction(loops, proxies.Engine),
                new UsageAction(kept, shared, time),
            ];
            var refusals = new AdminRefusals(time);
            await using var admin = new AdminHost(Pages(status, history, readiness, loops, access, connections, refusals, upgrades, log), actions, transport, refusals, time, log);
            using var watcher = new ConfigWatcher(time, () => orders.OrderReload(new ReloadRequest(ReloadCause.Watch) { Loads = reloader.Loads }), log);
            using var files = new FileRefresh(() => reloader.Snapshot, time, log);
            reloader.PrepareAsync = async next =>
            {
                if (next.Transport != options.Transport)
                {
                    log.Warn("transport is read at start only: restart lb to change it");
                }

                if (next.State with { Redis = options.State.Redis, OnFailure = options.State.OnFailure } != options.State)
                {
                    log.Warn("the folder of state is read at start only: restart lb to change it");
                }

                if (!kept.Keeps && next is { HasQuotas: true, State.Redis: null })
                {
                    log.Warn("what is used of quotas ends with this process: 'state.dir' names a folder to keep it in");
                }

                var before = access.Destination;
                access.Redirect(LogDestination.Parse(next.Log.Access));
                try
                {
                    await admin.ApplyAsync(next.Admin);
                }
                catch (IOException)
                {
                    access.Redirect(before);
                    throw;
                }

                requests.Style = next.Log.Style;
                log.Least = Enum.Parse<Severity>(next.Log.Level, ignoreCase: true);
            };
            reloader.Guard.OnWorse = () => orders.OrderReload(new ReloadRequest(ReloadCause.Guard));
            reloader.OnLoaded = result =>
            {
                watcher.Watch(reloader.Snapshot.Options.Reload.Watch ? result : null);
                files.OnLoaded();
            };

            if (tls.Engine is SslStreamEngine)
            {
                log.Warn(OpenSslEngine.IsAvailable
                    ? $"TLS is that of .NET, since {TlsEngines.Variable} says so: it costs more and lacks what docs/tls.md lists"
                    : "this machine has no libssl 3: TLS is that of .NET, which costs more and lacks what docs/tls.md lists");
            }

            // 5. Serve.
            if (predecessor is null)
            {
                kept.Begin();
            }

            await reloader.StartAsync(file, strict ? null : () => history.LastGood(path, terminal.Environment));
            if (predecessor is not null)
            {
                await FirstAnswers.AwaitAsync(reloader.Snapshot, FirstAnswersPatience, time);
                if (predecessor.AwaitTurn())
                {
                    shared.TakeOver();
                }

                kept.Begin();
            }

            shared.Begin(orders.Stop);
            readiness.Release(Readiness.Starting);
            predecessor?.Listeners.Open();
            predecessor?.SayAccepting();
            if (predecessor is not null)
            {
                await predecessor.FollowAsync();
            }

            log.Info("ready", ("version", Shell.Version), ("config", reloader.Snapshot.Digest), ("loops", loops.Loops.Length), ("listeners", Describe(reloader.Snapshot)));
            notifier.Ready(Describe(reloader.Snapshot));
            if (WholeProgram.IsOneFile)
            {
                // From here on a new version may be installed in this one's place.
                _ = BackgroundThread.RunAsync(WholeProgram.Load);
            }

            var handedOver = await ObeyAsync(reloader, upgrade, notifier, orders, log);
            var hasSuccessorFailed = false;
            using var accompanied = handedOver
                ? upgrade.Accompany(
                    () => reloader.Snapshot.Listeners.Values.Sum(listener => listener.Connections.Count),
                    () => loops.AllTurning,
                    time,
                    () =>
                    {
                        Volatile.Write(ref hasSuccessorFailed, true);
                        orders.OrderHurry();
                    })
                : null;
            if (handedOver)
            {
                // Its requests are the new process's from here on.
                await admin.DisposeAsync();
            }

            // 6. End: first be found unready, then stop accepting, then let what is open finish.
            var closed = await Shutdown.RunAsync(reloader, sockets, shared, handedOver ? null : readiness, notifier, orders, time, log);
            await admin.DisposeAsync();
            await deadlines.EndAsync();
            if (predecessor is not null && notifier.Active)
            {
                // The service manager gives time to whom it hears, which is the main process, and to what is left after it only its own.
                await predecessor.AwaitEndAsync(notifier.ExtendTimeout, orders.Hurry);
            }

            log.Info("stopped", [("closed_at_the_deadline", closed), .. (await OpenResources.AtEndAsync(reloader, loops, proxies.Engine, time)).Fields]);
            if (Volatile.Read(ref hasSuccessorFailed))
            {
                // Where the service manager never knew the other one, this one is still the main process, and only one that failed is started again.
                return ExitCode.Failure;
            }

            predecessor?.SayStopped();
            return ExitCode.Success;
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            predecessor?.Fail(error.Message);
            log.Error(error.Message);
            return ExitCode.Failure;
        }
    }

    private static IReadOnlyList<IAdminPage> Pages(StatusReader status, ConfigHistory history, Readiness readiness, LoopGroup loops, LoopLog access, ConnectionLog connections, AdminRefusals refusals, UpgradeTally upgrades, LogSink log) =>
    [
        new HealthPage(() => loops.AllTurning),
        new ReadinessPage(readiness),
        new StatusPage(status.Read),
        new HistoryPage(history),
        new MetricsPage(new Exposition([new GatewayCollector(status.Read), new LogCollector(log, access, connections), new AdminCollector(refusals), new UpgradeCollector(upgrades), new ProcessCollector(), new RuntimeCollector()])),
    ];

    private static void Log(EndpointTransition change, LogSink log)
    {
        var severity = change.Kind is TransitionKind.Unhealthy or TransitionKind.Ejected or TransitionKind.Spared ? Severity.Warn : Severity.Info;
        var what = $"endpoint {change.Kind.ToString().ToLowerInvariant()}";
        LogField[] fields = [("upstream", change.Endpoint.Upstream), ("endpoint", change.Endpoint.Address), ("reason", change.Reason)];
        log.Write(severity, null, what, change.Cause is { } cause ? [.. fields, ("cause", cause.Word())] : fields);
    }

    private static void Log(TlsReport report, LogSink log)
    {
        if (report.Failure is null)
        {
            log.Info(
                report.Address is null ? "changed files of TLS with endpoints are in use" : "TLS with the endpoint works again",
                ("upstream", report.Upstream), ("endpoint", report.Address));
        }
        else
        {
            log.Warn(
                report.Address is null ? "changed files of TLS with endpoints are no use: what was read before stays" : "no TLS with the endpoint",
                ("upstream", report.Upstream), ("endpoint", report.Address), ("reason", report.Failure));
        }
    }

    private static void Log(Http2Report report, LogSink log) => log.Warn(
        report.ByEndpoint ? "the endpoint ended a connection of HTTP/2 for an error" : "a connection of HTTP/2 was ended for what the endpoint sent",
        ("endpoint", report.Endpoint), ("reason", report.Reason));

    private static void Log(ProviderReport report, LogSink log)
    {
        if (report.Failure is null)
        {
            log.Info("who calls can be found out again", ("auth", report.Provider));
        }
        else
        {
            log.Warn("who calls cannot be found out", ("auth", report.Provider), ("reason", report.Failure));
        }
    }

    private static void Log(RedisReport report, LogSink log)
    {
        if (report.Failure is null)
        {
            log.Info("redis answers again: limits are shared", ("node", report.Node));
        }
        else
        {
            log.Warn("redis cannot be asked: each limit's on_failure decides", ("node", report.Node), ("reason", report.Failure));
        }
    }

    private static void Log(DiscoveryReport report, LogSink log)
    {
        if (report is { Outcome: DiscoveryOutcome.Found, LeftOut: > 0 })
        {
            log.Warn(
                "discovery found more addresses than an upstream takes; the rest is left out",
                ("upstream", report.Upstream), ("source", report.Source), ("endpoints", report.Endpoints), ("left_out", report.LeftOut));
            return;
        }

        if (report.Outcome == DiscoveryOutcome.Found)
        {
            log.Info("discovery works again", ("upstream", report.Upstream), ("source", report.Source), ("endpoints", report.Endpoints));
            return;
        }

        log.Warn(
            report.Outcome == DiscoveryOutcome.Partial ? "discovery found a part; the rest of the last good answer stays" : "discovery found nothing; the last good answer stays",
            ("upstream", report.Upstream), ("source", report.Source), ("reason", report.Reason), ("endpoints", report.Endpoints));
    }

    private static void Reopen(LoopLog access, LogSink log)
    {
        try
        {
            access.Reopen();
        }
        catch (IOException error)
        {
            log.Error("the access log goes on in the file that was open", ("cause", error.Message));
        }
    }

    /// <summary>Reloads when told, until told to stop; true where another process has taken over.</summary>
    private static async Task<bool> ObeyAsync(Reloader reloader, Upgrade upgrade, Notifier notifier, Orders orders, LogSink log)
    {
        try
        {
            await foreach (var given in orders.Given.ReadAllAsync(orders.Stop))
            {
                if (given is UpgradeOrder asked)
                {
                    if (await UpgradeAsync(asked, reloader.Snapshot, upgrade, orders))
                    {
                        return true;
                    }

                    continue;
                }

                var order = (ReloadOrder)given;
                notifier.Reloading("reloading");
                var outcome = await reloader.ReloadAsync(order.Request);
                notifier.Ready(outcome.Errors.Count == 0 ? Describe(reloader.Snapshot) : $"the configuration was refused: {outcome.Errors[0]}");
                order.Done(outcome);
            }
        }
        catch (OperationCanceledException)
        {
            log.Info("stopping");
        }

        return false;
    }

    /// <summary>Lets a new process take over; false where it could not, and this one goes on.</summary>
    private static async Task<bool> UpgradeAsync(UpgradeOrder order, Snapshot snapshot, Upgrade upgrade, Orders orders)
    {
        var outcome = snapshot.Origin == ConfigOrigin.File
            ? await upgrade.RunAsync(order.Patience, orders.Stop)
            : upgrade.Refuse("the file is not what runs, and the new process would run the file: repair it and reload first");
        if (outcome.Failure is null)
        {
            await upgrade.LeaveAsync();
        }

        // Whoever connects after the answer is the new one's.
        order.Done(outcome);
        if (outcome.Failure is null)
        {
            orders.Leave(upgrade.PassOn);
        }

        return outcome.Failure is null;
    }

    private static string Describe(Snapshot snapshot) => (snapshot.Origin == ConfigOrigin.File ? "" : "THE FILE IS NOT WHAT RUNS; ") + string.Join(", ", snapshot.Listeners.Values.Select(listener =>
        string.Create(CultureInfo.InvariantCulture, $"{listener.Name} on {string.Join(' ', listener.Addresses)}")));
}
