using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

internal sealed class FileRefreshTests
{
    private const string Key = "- {id: a, consumer: acme, hash: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}\n";
    private const string Other = "- {id: b, consumer: acme, hash: \"sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752\"}\n";

    [Test]
    public async Task A_file_that_brings_its_parser_down_leaves_the_others_their_turn()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["first"], Key);
        File.WriteAllText(folder["second"], Key);
        File.WriteAllText(folder["lb.yaml"], $$$"""
            listeners: {web: {bind: "127.0.0.1:0", http: {routes: [{respond: readiness, auth: [first, second]}]} } }
            consumers: {acme: {}}
            auth: {first: {api_key: {file: "{{{folder["first"]}}}"} }, second: {api_key: {file: "{{{folder["second"]}}}"} } }
            """);
        using var loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        using var lines = new LoopLog(1, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        using var activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        var context = new BuildContext
        {
            Time = TimeProvider.System,
            Loops = 1,
            Seeds = new Random(1),
            Connections = new EpollTransport(loops, TimeSpan.FromSeconds(5)),
            OnBug = error => Assert.Fail(error.ToString()),
            ParseList = (text, file, reader) => text.Contains("crash", StringComparison.Ordinal) ? throw new InvalidOperationException("the parser is no good") : YamlSource.ReadKeyFile(text, file, reader),
        };
        using var terminations = Terminations.On(loops);
        var sockets = new SocketTable(loops, activated);
        using var reloader = new Reloader(
            folder["lb.yaml"], _ => null, new SnapshotBuilder(loops, sockets, context, HttpProxies.On(loops, context, lines), terminations, new ConnectionLog(lines, TimeProvider.System), LogSink.Silent, CancellationToken.None),
            new ConfigHistory(null, LogSink.Silent), TimeProvider.System, LogSink.Silent);
        var loaded = GatewayFile.Load(folder["lb.yaml"]);
        Assert.That(loaded.Errors, Is.Empty);
        await reloader.StartAsync(loaded);
        using var log = new LogSink(LogDestination.File(folder["log"]), LogStyle.Terminal, Severity.Info, TimeProvider.System);
        using var files = new FileRefresh(() => reloader.Snapshot, TimeProvider.System, log);

        File.WriteAllText(folder["first"], "crash");
        File.WriteAllText(folder["second"], Key + Other);
        files.OnLoaded();

        Assert.That(reloader.Snapshot.Providers.Providers.Select(provider => (provider.Name, provider.File!.Entries)), Is.EqualTo([("first", 1), ("second", 2)]));
        Assert.That(log.Flush(TimeSpan.FromMilliseconds(Loopback.TimeoutMs)), Is.True);
        Assert.That(File.ReadAllText(folder["log"]), Does.Contain("what was in use before stays auth=first").And.Contain("the parser is no good").And.Contain("is in use auth=second"));
        await Task.WhenAll(sockets.Open.Values.Select(socket => socket.CloseAsync()));
    }
}
