using System.Net;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A configuration that ran before comes back: at a start with a file that is no use, and when an operator asks.</summary>
internal sealed class ReturnScenarios
{
    private TemporaryFolder _folder = null!;
    private EchoEndpoint _a = null!;
    private EchoEndpoint _b = null!;
    private EchoEndpoint _c = null!;

    private string Config => _folder["lb.yaml"];

    [SetUp]
    public void Prepare()
    {
        _folder = new TemporaryFolder();
        (_a, _b, _c) = (new EchoEndpoint('a'), new EchoEndpoint('b'), new EchoEndpoint('c'));
    }

    [TearDown]
    public void Clean()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
        _folder.Dispose();
    }

    [TestCase("{{ half a file", Description = "no YAML")]
    [TestCase(null, Description = "a certificate that is not there: known only when it is built")]
    public async Task A_start_with_a_bad_file_serves_the_last_good_one_and_says_so_until_the_file_is_mended(string? bad)
    {
        Write(_a);
        await using (var first = await RunningLb.StartAsync(_folder, Config))
        {
            await first.KillAsync();
        }

        var good = await File.ReadAllTextAsync(Config);
        bad = bad is null
            ? good.Replace("tcp: {upstream: all}", "tls: {certificates: [{cert: /none.pem, key: /none.key}]}, tcp: {upstream: all}", StringComparison.Ordinal)
            : $"state: {{dir: {_folder["state"]}}}\n{bad}";
        await File.WriteAllTextAsync(Config, bad);
        Assert.That(
            await Daemon.RunAsync(Config, strict: true, new Terminal(TextWriter.Null, TextWriter.Null, _ => null), ServiceEnvironment.Of(new Dictionary<string, string>(), 1), new Orders(), TimeProvider.System),
            Is.EqualTo(ExitCode.Failure), "--strict");

        await using (var lb = await RunningLb.StartAsync(_folder, Config))
        {
            Assert.That(await NameAsync(), Is.EqualTo('a'));
            var text = (await RunAsync("status")).Out;
            Assert.That(text, Does.Contain("the file on disk is not what runs: it was no use at start, and this is the last good configuration\n").And.Contain("it was refused at"));
            Assert.That(await MetricsAsync(), Does.Contain("lb_config_source{source=\"last_good\"} 1").And.Contain("lb_config_last_reload_refused 1"));

            Write(_b);
            await UntilAsync("file");
            Assert.That(await NameAsync(), Is.EqualTo('b'));
            await lb.KillAsync();
            Assert.That(await lb.Errors, Does.Match("error .*the file is not what runs: it was no use at start, and the last good configuration is used instead"));
        }
    }

    [Test]
    public async Task A_rollback_brings_the_version_before_back_until_the_file_changes_and_a_restart_believes_the_file()
    {
        Write(_a);
        await using (var lb = await RunningLb.StartAsync(_folder, Config))
        {
            await ReloadAsync(_b);
            await ReloadAsync(_c);
            Assert.That((await RunAsync("rollback")).Out, Does.Match("^rolled back: [0-9a-f]{16} runs\n$"));
            Assert.That(await NameAsync(), Is.EqualTo('b'));
            Assert.That((await RunAsync("status")).Out, Does.Contain("the file on disk is not what runs: this version was brought back by lb rollback\n"));

            // Whoever touches the file without changing it changes nothing: SIGHUP follows in the same queue, and is the one that loads it.
            File.SetLastWriteTimeUtc(Config, TimeProvider.System.GetUtcNow().UtcDateTime);
            Assert.That((await RunAsync("rollback")).Code, Is.Zero);
            Assert.That(await NameAsync(), Is.EqualTo('a'));
            Assert.That((await RunAsync("rollback")).Error, Is.EqualTo($"no version is kept that ran before this one\nlb: nothing was rolled back; {await VersionAsync()} goes on\n"));

            var history = (await RunAsync("history")).Out.Split('\n');
            Assert.That(history[0], Does.Match("^VERSION +LOADED +BY +OUTCOME +SIZE +WHY$"));
            Assert.That(history[1], Does.Match(@"^[0-9a-f]{16}  20.*Z  rollback +applied +\d+ B$"));
            Assert.That(history[3], Does.Match(@"^[0-9a-f]{16}  20.*Z  (command|watch) +taken_back +\d+ B  rolled back to [0-9a-f]{16}$"));
            Assert.That(history[5], Does.Match(@"^[0-9a-f]{16}  20.*Z  start +applied +\d+ B$"));
            var third = history[3].Split(' ')[0];
            Assert.That((await RunAsync("rollback", third[..6])).Out, Is.EqualTo($"rolled back: {third} runs\n"));
            Assert.That(await NameAsync(), Is.EqualTo('c'));
            Assert.That((await RunAsync("rollback", "0000")).Error, Does.StartWith("no one version that is kept begins with 0000"));
            Assert.That((await RunAsync("rollback")).Code, Is.Zero);

            // The watch of the file goes on.
            Write(_b, "# another\n");
            await UntilAsync("file");
            Assert.That(await NameAsync(), Is.EqualTo('b'));
            Assert.That((await RunAsync("rollback")).Code, Is.Zero);
            Assert.That(await MetricsAsync(), Does.Contain("lb_config_returns_total{by=\"rollback\"} 5").And.Contain("lb_config_source{source=\"rollback\"} 1"));
            await lb.KillAsync();
        }

        await using var next = await RunningLb.StartAsync(_folder, Config);
        Assert.That(await NameAsync(), Is.EqualTo('b'), "the file is the truth");
        await next.KillAsync();
        Assert.That(await next.Errors, Does.Match("warn .*this version was taken back before, and is used again because the file says so.*why=\"rolled back to"));
    }

    [Test]
    public async Task Without_a_state_folder_there_is_a_history_and_nothing_to_go_back_to()
    {
        Write(_a);
        await File.WriteAllTextAsync(Config, (await File.ReadAllTextAsync(Config)).Replace($"dir: {_folder["state"]}", "dir: off", StringComparison.Ordinal));
        await using var lb = await RunningLb.StartAsync(_folder, Config);
        Assert.That((await RunAsync("history")).Out.Split('\n')[1], Does.Match("  start +applied"));
        Assert.That((await RunAsync("rollback")).Error, Does.StartWith("nothing can be brought back, because no version is kept: there is no state folder (state.dir)\n"));
    }

    private void Write(EchoEndpoint endpoint, string more = "") => File.WriteAllText(Config, $$"""
        listeners: {all: {bind: "127.0.0.1:0", tcp: {upstream: all} } }
        upstreams: {all: {endpoints: ["{{endpoint.Address}}"]} }
        shutdown: {unready_for: 0s, drain: 1s}
        admin: {bind: "unix:{{_folder["admin.sock"]}}"}
        state: {dir: {{_folder["state"]}}}
        {{more}}
        """);

    /// <summary>What the watcher does not see before the command: it waits until the file is quiet.</summary>
    private async Task ReloadAsync(EchoEndpoint endpoint)
    {
        Write(endpoint);
        Assert.That((await RunAsync("reload")).Code, Is.Zero);
    }

    private async Task<JsonElement> StatusAsync() => JsonElement.Parse((await RunAsync("status", "--json")).Out);

    private async Task<string> VersionAsync() => (await StatusAsync()).GetProperty("config").GetProperty("version").GetString()!;

    private async Task UntilAsync(string source)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await StatusAsync()).GetProperty("config").GetProperty("source").GetString() != source)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), $"the configuration never came from the {source}");
            await Loopback.PauseAsync();
        }
    }

    private async Task<char> NameAsync()
    {
        using var socket = Loopback.Connect(IPEndPoint.Parse((await StatusAsync()).GetProperty("listeners")[0].GetProperty("addresses")[0].GetString()!));
        return (char)socket.ReceiveExactly(1)[0];
    }

    private async Task<string> MetricsAsync()
    {
        using var admin = AdminClient.Over(_folder["admin.sock"]);
        return await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative));
    }

    /// <summary>A word of the operator, in this process.</summary>
    private async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await new Shell(new Terminal(output, errors, _ => null)).RunAsync([arguments[0], "-c", Config, "--admin", $"unix:{_folder["admin.sock"]}", .. arguments[1..]]);
        return (code, output.ToString(), errors.ToString());
    }
}
