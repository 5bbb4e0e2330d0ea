using System.Diagnostics;
using System.Net;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The words of the operator, each a process of its own that asks a running lb.</summary>
internal sealed class OperatorScenarios
{
    private TemporaryFolder _folder = null!;
    private EchoEndpoint _a = null!;
    private EchoEndpoint _b = null!;

    private string Config => _folder["lb.yaml"];

    private string AdminPath => _folder["admin.sock"];

    [SetUp]
    public void Prepare()
    {
        _folder = new TemporaryFolder();
        _a = new EchoEndpoint('a');
        _b = new EchoEndpoint('b');
    }

    [TearDown]
    public void Clean()
    {
        _a.Dispose();
        _b.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Status_prints_what_runs_and_its_JSON()
    {
        Write();
        await using var lb = await StartAsync();
        var (code, text, errors) = await RunAsync("status");
        Assert.That(code, Is.Zero, errors);
        Assert.That(text, Does.Match(@"\Alb \d+\.\d+\.\d+.*, pid \d+, ready, since \d{4}-"));
        Assert.That(text, Does.Match(@"(?m)^all +127\.0\.0\.1:\d+ +all +0 +\d+ +0 +0 +0 B +0 B$"));
        Assert.That(text, Does.Match($@"(?m)^all \(round_robin\) +{_a.Address} +available +1 +0 +0 +0$"));

        var (_, json, _) = await RunAsync("status", "--json");
        Assert.That(JsonElement.Parse(json).GetProperty("upstreams")[0].GetProperty("endpoints").GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public async Task Reload_says_what_runs_then()
    {
        Write();
        await using var lb = await StartAsync();
        Assert.That((await RunAsync("reload")).Out, Does.Match("^reloaded; nothing has changed: [0-9a-f]{16} runs\n$"));
        Write(extra: "log: {level: warn}");
        Assert.That((await RunAsync("reload")).Out, Does.Match("^reloaded: [0-9a-f]{16} runs\n$"));
        Assert.That((await RunAsync("reload", "--no-wait")).Out, Is.EqualTo("ordered\n"));
    }

    [Test]
    public async Task Reload_of_a_bad_file_exits_1_with_every_error_and_its_place()
    {
        Write();
        await using var lb = await StartAsync();
        Write(extra: "log: {level: loud, acess: off}");
        var (code, text, errors) = await RunAsync("reload");
        Assert.That((code, text), Is.EqualTo((1, "")));
        Assert.That(errors, Does.Match($@"(?m)^{Config}:\d+:\d+: 'level' expects").And.Match($@"(?m)^{Config}:\d+:\d+: unknown key 'acess'"));
        Assert.That(errors, Does.Match("lb: the configuration was refused; [0-9a-f]{16} goes on\n$"));
        Assert.That((await RunAsync("status")).Out, Does.Contain("the file on disk is not what runs; it was refused at"));
    }

    [TestCase("listeners: {all: [\n", "", Description = "somebody is at work in the middle of the file")]
    [TestCase("\0\n", "", Description = "not text")]
    public async Task Status_works_while_the_file_on_disk_is_no_YAML_and_says_so(string before, string after)
    {
        Write();
        await using var lb = await StartAsync();
        File.WriteAllText(Config, before + File.ReadAllText(Config) + after);
        var (code, text, errors) = await RunAsync("status");
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(text, Does.Contain(", ready, "));

        (code, _, errors) = await RunAsync("reload");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does.StartWith($"{Config}:").And.Contains("the configuration was refused"));
        Assert.That((await RunAsync("status")).Out, Does.Contain("the file on disk is not what runs; it was refused at"));
    }

    [TestCase("")]
    [TestCase(null)]
    [TestCase("listeners: {all: {bi")]
    [TestCase("listeners: {all: []}\nadmin: {bind: \"uni")]
    public async Task Status_finds_an_lb_whose_file_is_gone_or_cut_off_at_the_usual_address_where_it_runs_that_file(string? text)
    {
        Write();
        await using var lb = await StartAsync();
        if (text is null)
        {
            File.Delete(Config);
        }
        else
        {
            File.WriteAllText(Config, text);
        }

        EndPoint[] usual = [new System.Net.Sockets.UnixDomainSocketEndPoint(_folder["nowhere.sock"]), new System.Net.Sockets.UnixDomainSocketEndPoint(AdminPath)];
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var terminal = new Terminal(output, errors, _ => null);
        Assert.That(await new StatusVerb { Config = Config, UsualAddresses = usual }.RunAsync(terminal), Is.Zero, errors.ToString());
        Assert.That(output.ToString(), Does.Contain(", ready, "));
        Assert.That(errors.ToString(), Does.StartWith($"lb: {Config}").And.Contains("an lb that runs an earlier state of the file answers"));

        Assert.That(await new StatusVerb { Config = _folder["another.yaml"], UsualAddresses = usual }.RunAsync(terminal), Is.EqualTo(1), "that lb runs another file");
        Assert.That(errors.ToString(), Does.EndWith("so it is not known where lb listens; name it with --admin\n"));
    }

    [Test]
    public async Task What_changes_something_is_never_asked_of_an_lb_that_was_guessed()
    {
        Write();
        await using var lb = await StartAsync();
        File.WriteAllText(Config, "admin: {bind: [");
        var (code, _, errors) = await RunAsync("drain", "all");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("so it is not known where lb listens; name it with --admin"));
    }

    [Test]
    public async Task A_reload_that_moves_the_admin_listener_is_answered_where_it_was_asked()
    {
        Write();
        await using var lb = await StartAsync();
        var before = AdminPath;
        File.WriteAllText(Config, File.ReadAllText(Config).Replace("admin.sock", "moved.sock", StringComparison.Ordinal));
        var (_, said, errors) = await RunAsync("reload", "--admin", $"unix:{before}");
        Assert.That(said, Does.StartWith("reloaded: "), errors);
        Assert.That((await RunAsync("status")).Code, Is.Zero, "asked where it has moved to");
        Assert.That(() => File.Exists(before), Is.False.After(10_000, 20));
    }

    [Test]
    public async Task Over_TCP_a_change_needs_the_token_of_the_file()
    {
        File.WriteAllText(_folder["token"], "correct-horse-battery-staple\n");
        var port = ((IPEndPoint)Loopback.Refusing()).Port;
        Write($$"""{bind: "127.0.0.1:{{port}}", token: "${file:token}"}""");
        await using var lb = await StartAsync();
        Assert.That((await RunAsync("reload")).Code, Is.Zero);

        File.WriteAllText(_folder["other.yaml"], $"admin: {{bind: \"127.0.0.1:{port}\"}}\n");
        var (code, _, errors) = await RunAsync("reload", "-c", _folder["other.yaml"]);
        Assert.That((code, errors), Is.EqualTo((1, "lb: a change needs the token (Authorization: Bearer …)\n")));
        Assert.That((await RunAsync("status", "-c", _folder["other.yaml"])).Code, Is.Zero);
        Assert.That((await RunAsync("status", "--json")).Out, Does.Not.Contain("horse"));
    }

    [Test]
    public async Task Where_no_lb_runs_it_says_so_and_where_it_looked()
    {
        Write();
        var (code, _, errors) = await RunAsync("status");
        Assert.That((code, errors), Is.EqualTo((1, $"lb: lb is not running: nothing listens at {AdminPath}\n")));

        var nowhere = Loopback.Refusing();
        (code, _, errors) = await RunAsync("reload", "--admin", nowhere.ToString()!);
        Assert.That((code, errors), Is.EqualTo((1, $"lb: lb is not running: nothing listens at {nowhere}\n")));
    }

    [Test]
    public async Task Without_an_admin_listener_or_a_file_it_says_what_to_do()
    {
        Write("{bind: off}");
        Assert.That((await RunAsync("status")).Error, Does.Contain("admin.bind is off"));
        File.Delete(Config);
        Assert.That((await RunAsync("status")).Error, Does.StartWith($"lb: {Config}: cannot read the file: no such file\nlb: so it is not known where lb listens; name it with --admin\n"));
        Assert.That((await RunAsync("status", "--admin", "localhost")).Error, Does.StartWith("lb: --admin expects an IP address with a port"));
    }

    [Test]
    public async Task A_drained_endpoint_gets_nothing_new_and_keeps_what_it_has_until_it_is_enabled()
    {
        Write();
        await using var lb = await StartAsync();
        var open = new[] { await ConnectAsync(), await ConnectAsync() };
        Assert.That(open.Select(each => each.Name), Is.EquivalentTo(new[] { 'a', 'b' }));

        var (code, text, errors) = await RunAsync("drain", $"all/{_a.Address}");
        Assert.That((code, text), Is.EqualTo((0, $"all/{_a.Address}: drained, open connections 1\n")), errors);
        Assert.That(await NamesAsync(6), Is.All.EqualTo('b'));
        open.ToList().ForEach(each => each.Socket.Send([42]));
        Assert.That(open.Select(each => each.Socket.ReceiveExactly(1)[0]), Is.All.EqualTo(42));
        Assert.That((await RunAsync("status")).Out, Does.Match($@"(?m)^all \(round_robin\) +{_a.Address} +drained .*by uid \d+, since \d{{4}}-"));

        Write(extra: "log: {level: warn}");
        await RunAsync("reload");
        Assert.That(await NamesAsync(6), Is.All.EqualTo('b'), "after a reload");

        Assert.That((await RunAsync("enable", "all")).Out, Does.Contain($"all/{_a.Address}: available, open connections 1\n"));
        Assert.That(await NamesAsync(6), Does.Contain('a'));
        open.ToList().ForEach(each => each.Socket.Dispose());
    }

    /// <summary>Trap 19: at weight 0 nothing new comes, and what there is finishes.</summary>
    [Test]
    public async Task A_weight_holds_across_reloads_and_restarts_until_it_is_reset_and_at_0_what_is_open_finishes()
    {
        var state = $"state: {{dir: {_folder["state"]}}}";
        Write(extra: state);
        await using (var first = await StartAsync())
        {
            var open = new[] { await ConnectAsync(), await ConnectAsync() };
            var (code, text, errors) = await RunAsync("weight", $"all/{_a.Address}", "0");
            Assert.That((code, text), Is.EqualTo((0, $"all/{_a.Address}: drained, weight 0, open connections 1\n")), errors);
            Assert.That(await NamesAsync(6), Is.All.EqualTo('b'));
            open.ToList().ForEach(each => each.Socket.Send([42]));
            Assert.That(open.Select(each => each.Socket.ReceiveExactly(1)[0]), Is.All.EqualTo(42));
            open.ToList().ForEach(each => each.Socket.Dispose());

            Assert.That((await RunAsync("weight", $"all/{_a.Address}", "3")).Out, Does.Contain(": available, weight 3, "));
            Assert.That((await NamesAsync(8)).Count(name => name == 'a'), Is.EqualTo(6));
            Assert.That((await RunAsync("status")).Out, Does.Match($@"(?m)^all \(round_robin\) +{_a.Address} +available .*weight by uid \d+, since \d{{4}}-"));
            Write(extra: state + "\nlog: {level: warn}");
            await RunAsync("reload");
            Assert.That((await NamesAsync(8)).Count(name => name == 'a'), Is.EqualTo(6), "after a reload");
            await first.KillAsync();
        }

        await using var second = await StartAsync();
        Assert.That((await NamesAsync(8)).Count(name => name == 'a'), Is.EqualTo(6), "after a restart");
        Assert.That((await RunAsync("weight", "all", "--reset")).Code, Is.Zero);
        Assert.That((await NamesAsync(8)).Count(name => name == 'a'), Is.EqualTo(4));
        Assert.That((await RunAsync("weight", $"all/{_a.Address}", "257")).Error, Is.EqualTo("lb: 'weight' expects a whole number from 0 to 256, not '257'\n"));
        Assert.That((await RunAsync("weight", "all", "2")).Error, Is.EqualTo("lb: /weight needs the parameter 'endpoint'\n"));
        Assert.That((await RunAsync("weight", $"all/{_a.Address}")).Error, Is.EqualTo("lb: a weight is needed, or --reset, and not both\n"));
    }

    [Test]
    public async Task Drain_waits_until_nothing_is_open_and_not_longer_than_it_is_told()
    {
        Write();
        await using var lb = await StartAsync();
        var (socket, name) = await ConnectAsync();
        var target = $"all/{(name == 'a' ? _a : _b).Address}";
        var (code, _, errors) = await RunAsync("drain", target, "--wait", "--timeout", "1s");
        Assert.That((code, errors), Is.EqualTo((1, $"lb: {target} is drained, and has 1 open connections still\n")));

        var waiting = RunAsync("drain", target, "--wait");
        socket.Dispose();
        Assert.That(await waiting, Is.EqualTo((0, $"{target}: drained, open connections 0\nno connection is open\n", "")).Or.EqualTo((0, $"{target}: drained, open connections 1\nno connection is open\n", "")));
    }

    [Test]
    public async Task Drain_within_a_time_ends_what_is_open_then_and_can_be_waited_for()
    {
        Write();
        await using var lb = await StartAsync();
        var (socket, name) = await ConnectAsync();
        var (other, _) = await ConnectAsync();
        var target = $"all/{(name == 'a' ? _a : _b).Address}";
        foreach (var wrong in (string[])["0", "0s", "-5s", "2d"])
        {
            var refused = await RunAsync("drain", target, $"--within={wrong}");
            Assert.That((refused.Code, refused.Error), Is.EqualTo((1, $"lb: --within expects a duration from 1s to 1d such as 5s, not '{wrong}'\n")));
        }

        Assert.That((await RunAsync("drain", target, "--within", "1h")).Out, Does.Match($@"^{target}: drained, open connections 1, ended at \d{{4}}-.*Z\n$"));
        Assert.That((await RunAsync("status")).Out, Does.Match(@"(?m) drained .*by uid \d+, since \d{4}-.*Z, ends what is open at \d{4}-.*Z$"));
        Assert.That((await RunAsync("drain", target, "--wait", "--timeout", "1s")).Code, Is.EqualTo(1), "the deadline stays");
        var (code, text, errors) = await RunAsync("drain", target, "--within", "2s", "--wait");
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(text, Does.EndWith("no connection is open\n"));
        Assert.That(socket.ReceiveToEnd(), Is.Empty, "it has ended");
        other.Send([42]);
        Assert.That(other.ReceiveExactly(1)[0], Is.EqualTo(42));
        Assert.That((await RunAsync("enable", target)).Out, Is.EqualTo($"{target}: available, open connections 0\n"));
        other.Dispose();
    }

    [TestCase("drain", "al", "lb: no upstream is called 'al'; did you mean 'all'?\n")]
    [TestCase("enable", "nothing", "lb: no upstream is called 'nothing'\n")]
    [TestCase("drain", "all/10.9.9.9:1", "lb: the upstream 'all' has no endpoint '10.9.9.9:1'; it has 127.0.0.1:")]
    [TestCase("drain", "all/localhost", "lb: 'endpoint' expects an IP address with a port")]
    [TestCase("drain", "/", "lb: /drain needs the parameter 'upstream'\n")]
    public async Task What_does_not_exist_exits_1_and_says_what_does(string verb, string target, string error)
    {
        Write();
        await using var lb = await StartAsync();
        var (code, _, errors) = await RunAsync(verb, target);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does.StartWith(error));
    }

    [Test]
    public async Task A_drained_endpoint_is_still_drained_after_kill_9_and_a_restart()
    {
        Write(extra: $"state: {{dir: {_folder["state"]}}}");
        await using (var first = await StartAsync())
        {
            Assert.That((await RunAsync("drain", $"all/{_a.Address}")).Code, Is.Zero);
            await first.KillAsync();
        }

        await using var second = await StartAsync();
        Assert.That(await NamesAsync(6), Is.All.EqualTo('b'), "from its first connection on");
        Assert.That((await RunAsync("enable", $"all/{_a.Address}")).Code, Is.Zero);
        Assert.That(await NamesAsync(6), Does.Contain('a'));
    }

    [Test]
    public async Task A_second_start_with_the_same_state_folder_is_refused_by_the_pid_of_the_first()
    {
        Write(extra: $"state: {{dir: {_folder["state"]}}}");
        await using var first = await StartAsync();
        var (code, errors) = await RunningLb.FailAsync(_folder, Config);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does.Contain($"{_folder["state"]} is in use by another lb (pid {first.ProcessId})"));
        Assert.That((await RunAsync("status")).Code, Is.Zero, "the first is as it was");
    }

    [Test]
    public async Task A_state_file_that_makes_no_sense_does_not_stop_the_start()
    {
        Directory.CreateDirectory(_folder["state"]);
        await File.WriteAllTextAsync(Path.Combine(_folder["state"], "drained.json"), "\0\0\0");
        Write();
        await using var lb = await RunningLb.StartAsync(_folder, Config, ("STATE_DIRECTORY", $"{_folder["state"]}:/elsewhere"));
        Assert.That(Directory.GetFiles(_folder["state"], "drained.json.bad-*"), Has.Length.EqualTo(1));
        Assert.That(await NamesAsync(2), Is.EquivalentTo(new[] { 'a', 'b' }));
    }

    private async Task<(System.Net.Sockets.Socket Socket, char Name)> ConnectAsync()
    {
        var status = JsonElement.Parse((await RunAsync("status", "--json")).Out);
        var socket = Loopback.Connect(IPEndPoint.Parse(status.GetProperty("listeners")[0].GetProperty("addresses")[0].GetString()!));
        return (socket, (char)socket.ReceiveExactly(1)[0]);
    }

    private async Task<List<char>> NamesAsync(int count)
    {
        var status = JsonElement.Parse((await RunAsync("status", "--json")).Out);
        var address = IPEndPoint.Parse(status.GetProperty("listeners")[0].GetProperty("addresses")[0].GetString()!);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            using var socket = Loopback.Connect(address);
            return (char)socket.ReceiveExactly(1)[0];
        })];
    }

    private void Write(string? admin = null, string extra = "") => File.WriteAllText(Config, $$"""
        listeners: {all: {bind: "127.0.0.1:0", tcp: {upstream: all} } }
        upstreams: {all: {endpoints: ["{{_a.Address}}", "{{_b.Address}}"]} }
        shutdown: {unready_for: 0s, drain: 1s}
        reload: {watch: false}
        admin: {{admin ?? $$"""{bind: "unix:{{AdminPath}}"}"""}}
        {{extra}}
        """);

    private async Task<RunningLb> StartAsync() => await RunningLb.StartAsync(_folder, Config);

    private async Task<(int Code, string Out, string Error)> RunAsync(string verb, params string[] arguments)
    {
        var start = new ProcessStartInfo(RunningLb.Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(verb);
        if (!arguments.Contains("-c"))
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(Config);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output, await errors);
    }
}
