using System.IO.Compression;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>A log that a gateway wrote, through limits that it did not have yet.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class SimulateScenarios(Carrier carrier) : IOverCarriers
{
    private const string Routes = "{name: trips, path: \"/trips/{id}\", auth: web, upstream: up}, {name: open, upstream: up}";

    private TemporaryFolder _folder = null!;

    public Carrier Carrier => carrier;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task Who_would_have_been_refused_is_who_is_refused_where_the_limits_are_in_force()
    {
        const string Limits = "plans: {pro: {quota: 4/month}}\nrate_limits: {each: {key: identity, limit: {pro: 100/h, default: 1/h, anonymous: 1/h}}, all: {key: client_ip, limit: 3/h}}\n";
        const string Limited = "{name: trips, path: \"/trips/{id}\", auth: web, rate_limit: each, upstream: up}, {name: open, rate_limit: all, upstream: up}";
        var before = await LogAsync(Routes, "", "before.json");
        var after = await LogAsync(Limited, Limits, "after.json");
        File.WriteAllText(_folder["new.yaml"], Config(Limited, Limits));
        var (exit, text) = await LbAsync("--log", before, "-c", _folder["new.yaml"], "--json");
        Assert.That(exit, Is.EqualTo(ExitCode.Success), text);
        var simulation = JsonElement.Parse(text);

        // What was refused in truth, and who that was.
        var lines = (await File.ReadAllLinesAsync(after)).Select(line => JsonElement.Parse(line)).ToList();
        var refused = lines.Where(line => line.GetProperty("status").GetInt32() == 429).ToList();
        Assert.That((Number(simulation, "requests"), Number(simulation, "limited"), Number(simulation, "refused")), Is.EqualTo((lines.Count, refused.Count, 2)), text);
        Assert.That(
            simulation.GetProperty("callers").EnumerateArray().Select(caller => (caller.GetProperty("caller").GetString(), caller.GetProperty("limit").GetString(), Number(caller, "refused"), caller.GetProperty("route").GetString())),
            Is.EquivalentTo(new[] { ("127.0.0.1", "all", 2, "open"), ("bob (web)", "each", 2, "trips"), ("alice (web)", "plan:month", 1, "trips") }), text);
        Assert.That(refused.Count, Is.EqualTo(5));
        Assert.That(
            simulation.GetProperty("limits").EnumerateArray().Select(limit => (limit.GetProperty("limit").GetString(), limit.GetProperty("plan").GetString(), Number(limit, "passed"), Number(limit, "refused"))),
            Is.EquivalentTo(new[] { ("all", null, 3, 2), ("each", "default", 1, 2), ("each", "pro", 5, 0), ("plan:month", "pro", 4, 1) }), text);
        Assert.That(Sentences(simulation), Is.EqualTo(new[] { "the path is not in the lines of 15 requests, which were led by the path of their route: with log: {fields: [raw_path]} it is" }));

        (exit, text) = await LbAsync("--log", before, "-c", _folder["new.yaml"]);
        Assert.That(exit, Is.EqualTo(ExitCode.Success), text);
        Assert.That(text, Does.Contain("\nwould pass        8\nwould be refused  5 (33.33 %), first at "));
    }

    [Test]
    public async Task What_the_log_does_not_say_is_told_for_each_limit_and_not_guessed()
    {
        const string Limits = "rate_limits: {tenant: {key: \"header:X-Tenant\", limit: 1/h}, org: {key: \"claim:org\", limit: 1/h}, each: {key: identity, limit: 1/h}}\n";
        const string Limited = "{name: trips, path: \"/trips/{id}\", auth: web, rate_limit: [tenant, org], upstream: up}, {name: open, auth: web, rate_limit: [tenant, each], upstream: up}, {name: v2, path: /v2, headers: {X-Version: \"2\"}, upstream: up}";
        var log = await LogAsync(Routes, "", "access.json");
        File.WriteAllText(_folder["new.yaml"], Config(Limited, Limits));
        var (exit, text) = await LbAsync("--log", log, "-c", _folder["new.yaml"], "--json");
        var simulation = JsonElement.Parse(text);
        Assert.That((exit, Number(simulation, "limited"), Number(simulation, "undecided"), Number(simulation, "passed")), Is.EqualTo((ExitCode.Success, 0, 5, 8)), text);
        Assert.That(Sentences(simulation), Is.EqualTo(new[]
        {
            "the limit 'tenant' was not asked for 13 requests: its key is header:X-Tenant, and the log has no header:X-Tenant",
            "the limit 'org' was not asked for 8 requests: its key is claim:org, and the log has no claim:org",
            "who called is not in the lines of 5 requests to 'open', which wants somebody ('auth'): the limits that ask for that were not asked",
            "the path is not in the lines of 15 requests, which were led by the path of their route: with log: {fields: [raw_path]} it is",
            "a route of /v2 has conditions on header fields, which no log has: its requests were led to other routes, or to none",
        }));
    }

    [Test]
    public async Task A_packed_log_with_broken_lines_is_read_and_a_log_of_another_kind_is_an_error()
    {
        var log = await LogAsync(Routes, "", "access.json", ", fields: [raw_path]");
        File.WriteAllText(_folder["new.yaml"], Config(Routes, ""));
        await using (var packed = new GZipStream(File.Create(_folder["access.json.gz"]), CompressionLevel.Fastest))
        {
            await packed.WriteAsync("{\"time\":\"2026-\nno json\n\n"u8.ToArray());
            await packed.WriteAsync(await File.ReadAllBytesAsync(log));
        }

        var (exit, text) = await LbAsync("--log", _folder["access.json.gz"], "-c", _folder["new.yaml"], "--json");
        var simulation = JsonElement.Parse(text);
        Assert.That((exit, Number(simulation, "requests"), Number(simulation, "no_json"), Sentences(simulation).Count), Is.EqualTo((ExitCode.Success, 15, 2, 0)), text);

        File.WriteAllText(_folder["combined.log"], "127.0.0.1 - - [22/Nov/2026:05:17:09 +0000] \"GET / HTTP/1.1\" 200 2 \"-\" \"-\"\n");
        File.WriteAllText(_folder["other.json"], "{\"level\":\"info\"}\n{\"level\":\"info\"}\n");
        File.WriteAllText(_folder["empty.json"], "");
        foreach (var (name, error) in ((string, string)[])
        [
            ("combined.log", "this is no access log of lb in JSON: none of its 1 lines is JSON (log: {format: json} writes it)"),
            ("other.json", "this is no access log of lb: of its 2 lines none is a request with its time, listener and method"),
            ("empty.json", "the log is empty"),
        ])
        {
            Assert.That(await LbAsync("--log", _folder[name], "-c", _folder["new.yaml"]), Is.EqualTo((ExitCode.Failure, $"lb: {_folder[name]}: {error}\n")));
        }

        Assert.That((await LbAsync("--log", log, "-c", _folder["new.yaml"], "--to", "1999-01-01")).Text, Does.EndWith("it has no request before 1999-01-01\n"));
        Assert.That((await LbAsync("--log", log, "-c", _folder["new.yaml"], "--from", "noon")).Exit, Is.EqualTo(ExitCode.Usage));
        Assert.That((await LbAsync("--log", _folder["none"], "-c", _folder["new.yaml"])).Exit, Is.EqualTo(ExitCode.Failure));
    }

    [Test]
    public async Task A_log_that_is_out_of_order_is_told_of_and_one_in_no_order_is_an_error()
    {
        File.WriteAllText(_folder["new.yaml"], Config("{name: open, rate_limit: all, upstream: up}", "rate_limits: {all: {key: client_ip, limit: 1/s}}\n"));
        var day = new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

        // A minute of requests, and a line of a minute before in it.
        File.WriteAllLines(_folder["some.json"], Enumerable.Range(0, 60).Select(second => Line(day.AddSeconds(second == 30 ? -60 : second))));
        var (exit, text) = await LbAsync("--log", _folder["some.json"], "-c", _folder["new.yaml"], "--json");
        Assert.That(exit, Is.EqualTo(ExitCode.Success), text);
        var simulation = JsonElement.Parse(text);
        Assert.That((Number(simulation, "requests"), Sentences(simulation)), Is.EqualTo((60, new List<string?>
        {
            "1 requests began more than 10 s before what the log had before them, as long ones do, or lines out of order: they were counted later than they came",
        })));

        // The newest file of a rotation first, or a clock that was wrong once.
        File.WriteAllLines(_folder["none.json"], Enumerable.Range(0, 60).Select(second => Line(day.AddSeconds(second < 20 ? 86400 + second : second))));
        Assert.That(await LbAsync("--log", _folder["none.json"], "-c", _folder["new.yaml"]), Is.EqualTo((ExitCode.Failure,
            $"lb: {_folder["none.json"]}: 40 of 60 requests were written more than 10 s before one above them, the last of all at 2026-11-23T00:00:19Z: sort the lines by time, or leave out those of a wrong clock by --from and --to\n")));
        Assert.That((await LbAsync("--log", _folder["none.json"], "-c", _folder["new.yaml"], "--to", "2026-11-23")).Exit, Is.EqualTo(ExitCode.Success));

        File.WriteAllLines(_folder["zero.json"], [Line(default), Line(DateTimeOffset.UnixEpoch.AddDays(-1))]);
        Assert.That((await LbAsync("--log", _folder["zero.json"], "-c", _folder["new.yaml"])).Text, Does.EndWith("of its 2 lines none is a request with its time, listener and method\n"));
    }

    private static string Line(DateTimeOffset time) =>
        $"{{\"time\":\"{time:yyyy-MM-ddTHH:mm:ss}Z\",\"listener\":\"web\",\"method\":\"GET\",\"client\":\"127.0.0.1\",\"raw_path\":\"/\",\"plan\":null,\"status\":200}}";

    private string Config(string routes, string more)
    {
        File.WriteAllText(_folder["secret"], "0123456789abcdef");
        return HttpGateway.Text($"{{routes: [{routes}]}}", "{up: {endpoints: [\"127.0.0.1:1\"]}}") + "auth: {web: {introspection: {url: \"http://127.0.0.1:1/\", client_id: lb, client_secret: \"${file:" + _folder["secret"] + "}\"}}}\n" + more;
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static List<string?> Sentences(JsonElement simulation) => [.. simulation.GetProperty("lacking").EnumerateArray().Select(sentence => sentence.GetString())];

    private static async Task<(int Exit, string Text)> LbAsync(params string[] arguments)
    {
        var text = new StringWriter();
        var exit = await new Shell(new Terminal(text, text, _ => null)).RunAsync(["simulate", .. arguments]);
        return (exit, text.ToString());
    }

    /// <summary>The log of a gateway with these routes that always has the same requests: 15.</summary>
    private async Task<string> LogAsync(string routes, string more, string name, string fields = "")
    {
        await using (var callers = await CallerGateway.StartAsync(routes, more, log: $"{{level: error, access: {_folder[name]}{fields}}}"))
        {
            foreach (var (token, times) in ((string, int)[])[("alice", 5), ("bob", 3), ("carol", 1), ("", 1)])
            {
                for (var time = 0; time < times; time++)
                {
                    callers.Gateway.Get("/trips/7", CallerGateway.Bearer(token));
                }
            }

            for (var time = 0; time < 5; time++)
            {
                callers.Gateway.Get("/");
            }
        }

        return _folder[name];
    }
}
