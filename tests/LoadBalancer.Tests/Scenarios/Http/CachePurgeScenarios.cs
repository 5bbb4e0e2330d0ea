using System.Net;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Http.Caching;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What an operator gives up of what is kept, what he is told of it, and what a reload does to it.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class CachePurgeScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Fresh = "Cache-Control: max-age=60\r\n";
    private const string Route = "{routes: [{name: all, path: \"/*\", upstream: up, cache: {tags: Cache-Tag}}]}";

    private readonly ManualTime _time = new();

    [Test]
    public async Task Tags_are_for_lb_alone_and_give_up_what_has_them()
    {
        using var endpoint = Counting((request, count) => request.FirstLine.Contains("/none", StringComparison.Ordinal) ? "" : $"Cache-Tag: all, {(count % 2 == 1 ? "odd" : "even")}\r\n");
        await using var gateway = await StartAsync(endpoint);
        string[] first = [gateway.Get("/a").Text, gateway.Get("/b").Text, gateway.Get("/none").Text];
        Assert.That(gateway.Get("/a")["Cache-Tag"], Is.Null);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That((Purge(gateway, "even"), Purge(gateway, "nobodys")), Is.EqualTo((1, 0)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((string.Join(' ', first), gateway.Get("/a").Text, gateway.Get("/b").Text, gateway.Get("/none").Text), Is.EqualTo(("1 2 3", "1", "4", "3")));
        Assert.That(Purge(gateway, "all"), Is.EqualTo(2));
        gateway.Settle();
    }

    [Test]
    public async Task No_client_sees_a_tag_whatever_became_of_the_answer([Values("/hit", "/no-store", "/post", "/error")] string path)
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(
            "x", (request.FirstLine.Contains("no-store", StringComparison.Ordinal) ? "Cache-Control: no-store\r\n" : Fresh) + "Cache-Tag: secret\r\ncache-tag: more\r\n",
            request.FirstLine.Contains("error", StringComparison.Ordinal) ? "500 Internal Server Error" : "200 OK"));
        await using var gateway = await StartAsync(endpoint);
        for (var at = 0; at < 2; at++)
        {
            using var client = gateway.Connect();
            var answer = client.Send($"{(path == "/post" ? "POST" : "GET")} {path} HTTP/1.1\r\nHost: test\r\n{(path == "/post" ? "Content-Length: 0\r\n" : "")}\r\n").ReadResponse();
            Assert.That(answer.Values("Cache-Tag"), Is.Empty);
        }

        gateway.Settle();
    }

    [Test]
    public async Task An_answer_with_more_tags_than_are_known_is_not_kept()
    {
        using var endpoint = Counting((_, _) => $"Cache-Tag: {string.Join(',', Enumerable.Range(0, CacheTags.Most + 1))}\r\n");
        await using var gateway = await StartAsync(endpoint);

        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task What_is_on_its_way_when_it_is_given_up_reaches_its_client_and_is_not_kept()
    {
        using var asked = new ManualResetEventSlim();
        using var answer = new ManualResetEventSlim();
        var count = 0;
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            var number = Interlocked.Increment(ref count);
            if (number == 1)
            {
                asked.Set();
                answer.Wait();
            }

            wire.Respond($"{number}", Fresh + "Cache-Tag: a\r\n");
        });
        await using var gateway = await StartAsync(endpoint);
        using (var client = gateway.Connect())
        {
            client.Get("/");
            asked.Wait();
            Assert.That(Purge(gateway, "a"), Is.Zero);
            answer.Set();
            Assert.That(client.ReadResponse().Text, Is.EqualTo("1"));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("2", "2")));
        gateway.Settle();
    }

    [TestCase("no-cache")]
    [TestCase("max-age=10")]
    public async Task What_is_given_up_while_it_is_asked_about_is_asked_for_anew(string control)
    {
        using var asked = new ManualResetEventSlim();
        using var answer = new ManualResetEventSlim();
        var count = 0;
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            var number = Interlocked.Increment(ref count);
            if (request["If-None-Match"] is null)
            {
                wire.Respond($"{number}", $"Cache-Control: {control}\r\nETag: \"1\"\r\n");
                return;
            }

            asked.Set();
            answer.Wait(Loopback.TimeoutMs);
            wire.Send($"HTTP/1.1 304 Not Modified\r\nCache-Control: {control}\r\nETag: \"1\"\r\n\r\n");
        });
        await using var gateway = await StartAsync(endpoint);
        gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        using (var client = gateway.Connect())
        {
            client.Get("/");
            asked.Wait(Loopback.TimeoutMs);
            gateway.Kept!.Purge(new CachePurge(_time.GetTimestamp()));
            answer.Set();
            Assert.That(client.ReadResponse().Text, Is.EqualTo("3"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task What_is_given_up_while_it_is_asked_about_is_not_sent_in_place_of_an_error()
    {
        using var asked = new ManualResetEventSlim();
        using var answer = new ManualResetEventSlim();
        var count = 0;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                wire.Respond("purged", "Cache-Control: max-age=10, stale-if-error=3600\r\n");
                return;
            }

            asked.Set();
            answer.Wait(Loopback.TimeoutMs);
            wire.Socket.Dispose();
        });
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, cache: {}, retry: off}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", time: _time);
        gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        using (var client = gateway.Connect())
        {
            client.Get("/");
            asked.Wait(Loopback.TimeoutMs);
            gateway.Kept!.Purge(new CachePurge(_time.GetTimestamp()));
            answer.Set();
            Assert.That(client.ReadResponse().Status, Is.EqualTo(502));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_path_is_given_up_in_all_its_forms_of_whatever_query()
    {
        using var endpoint = Counting((_, _) => "Vary: Accept-Language\r\n");
        await using var gateway = await StartAsync(endpoint);
        foreach (var (target, language) in new[] { ("/a", "de"), ("/a", "fr"), ("/a?b=c", "de"), ("/b", "de") })
        {
            gateway.Get(target, $"Accept-Language: {language}\r\n", "API.example.com:8443");
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(gateway.Kept!.Purge(new CachePurge(_time.GetTimestamp()) { Host = "api.example.com"u8.ToArray(), Path = "/a"u8.ToArray() }), Is.EqualTo(3));
        Assert.That(gateway.Get("/b", "Accept-Language: de\r\n", "API.example.com:8443").Text, Is.EqualTo("4"));
        gateway.Settle();
    }

    [Test]
    public async Task An_operator_is_told_how_many_were_given_up_and_what_was_wrong_with_his_words()
    {
        using var endpoint = Counting((_, _) => "Cache-Tag: t\r\n");
        await using var gateway = await HttpGateway.StartAsync(Route, $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        foreach (var target in new[] { "/a", "/x/1", "/x/2", "/y%7E" })
        {
            gateway.Get(target, host: "one");
        }

        gateway.Get("/a", host: "two");
        await StoredAsync(gateway, 5);
        Assert.That(await LbAsync(gateway, "--host", "ONE.", "--path", "/a"), Is.EqualTo((ExitCode.Success, "1 given up\n")));
        Assert.That(await LbAsync(gateway, "--path", "/%79~"), Is.EqualTo((ExitCode.Success, "1 given up\n")));
        Assert.That(await LbAsync(gateway, "--prefix", "/x/"), Is.EqualTo((ExitCode.Success, "2 given up\n")));
        Assert.That(await LbAsync(gateway, "--tag", "t", "--host", "one"), Is.EqualTo((ExitCode.Success, "0 given up\n")));
        Assert.That(await LbAsync(gateway, "--tag", "t"), Is.EqualTo((ExitCode.Success, "1 given up\n")));
        Assert.That(await LbAsync(gateway, "--all"), Is.EqualTo((ExitCode.Success, "0 given up\n")));
        gateway.Get("/a");
        await StoredAsync(gateway, 6);
        Assert.That(await gateway.Daemon.PostAsync("/purge?all=true"), Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await gateway.StatusAsync()).GetProperty("cache").GetProperty("purged").GetInt32(), Is.EqualTo(6));

        Assert.That(await LbAsync(gateway), Is.EqualTo((ExitCode.Usage, "lb: say what is to be given up: --host, --path, --prefix or --tag, or --all for everything\n")));
        foreach (var (arguments, error) in new (string[], string)[]
        {
            (["--all", "--host", "one"], "'all' means everything: it stands alone"),
            (["--path", "/a", "--prefix", "/b"], "'path' and 'prefix' exclude each other: a path is one, a prefix is of many"),
            (["--path", "/a?b=c"], "'path' expects a path such as /trips/7, percent-encoded and without a query, not '/a?b=c'"),
            (["--prefix", "x"], "'prefix' expects a path such as /trips/7, percent-encoded and without a query, not 'x'"),
            (["--host", "one:80"], "'host' expects a host without a port such as api.example.com, not 'one:80'"),
            (["--host", "one/x"], "'host' expects a host without a port such as api.example.com, not 'one/x'"),
            (["--tag", "a b"], "'tag' expects one tag, without spaces and commas, not 'a b'"),
        })
        {
            Assert.That(await LbAsync(gateway, arguments), Is.EqualTo((ExitCode.Failure, $"lb: {error}\n")));
        }

        var (status, text) = await gateway.Daemon.PostAsync("/purge?host=one&tag=", "");
        Assert.That((status, text), Is.EqualTo((HttpStatusCode.BadRequest, "{\n  \"error\": \"'tag' is empty\"\n}\n")));
        Assert.That(await gateway.Daemon.PostAsync("/purge"), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await gateway.Daemon.PostAsync("/purge?al=true"), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await gateway.Daemon.GetAsync("/purge?all=true")).Status, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    [Test]
    public async Task Where_no_route_keeps_answers_nothing_is_given_up()
    {
        using var endpoint = Counting((_, _) => "");
        await using var gateway = await HttpGateway.ToAsync(endpoint);

        Assert.That(await LbAsync(gateway, "--tag", "t"), Is.EqualTo((ExitCode.Success, "0 given up\n")));
        Assert.That((await gateway.StatusAsync()).GetProperty("cache").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public async Task What_requests_got_is_in_the_log_in_metrics_and_in_the_status()
    {
        using var folder = new TemporaryFolder();
        using var endpoint = Counting((_, _) => "");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(
            HttpGateway.Text("{routes: [{name: kept, path: \"/*\", upstream: up, cache: {}}, {name: plain, path: /plain, upstream: up}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}"),
            log: $"{{level: error, access: {folder["access.json"]}}}"));
        gateway.Get("/a");
        gateway.Get("/a");
        gateway.Get("/a", "If-Match: \"1\"\r\n");
        gateway.Get("/plain");
        Assert.That(() => Words(folder["access.json"]), Is.EqualTo("- bypass hit miss").After(Loopback.TimeoutMs, 20));
        var metrics = (await gateway.Daemon.GetAsync("/metrics")).Text;
        var status = await gateway.StatusAsync();
        var route = status.GetProperty("listeners")[0].GetProperty("requests").GetProperty("routes").EnumerateArray().Single(each => each.GetProperty("name").GetString() == "kept").GetProperty("cache");
        Assert.Multiple(() =>
        {
            foreach (var (result, count) in new[] { ("hit", 1), ("miss", 1), ("bypass", 1) })
            {
                Assert.That(metrics, Does.Contain($"lb_cache_requests_total{{listener=\"web\",route=\"kept\",result=\"{result}\"}} {count}\n"));
                Assert.That(route.GetProperty("requests").GetProperty(result).GetInt32(), Is.EqualTo(count));
            }

            Assert.That(metrics, Does.Contain("lb_cache_sent_bytes_total{listener=\"web\",route=\"kept\"} 1\n").And.Contain("lb_cache_entries 1\n").And.Contain("lb_cache_stored_total 1\n").And.Not.Contain("route=\"plain\",result"));
            Assert.That(status.GetProperty("cache").GetProperty("stored").GetInt32(), Is.EqualTo(1));
        });
        var text = new StringWriter();
        Assert.That(await new Shell(new Terminal(text, text, _ => null)).RunAsync(["status", "-c", gateway.Daemon.ConfigPath]), Is.EqualTo(ExitCode.Success));
        Assert.That(text.ToString(), Does.Contain("of 67.1 MB, 1 entries; stored 1, evicted 0, purged 0\n"));

        // Loops write their lines beside each other, and the last one may be under way.
        static string Words(string path) => string.Join(
            ' ', File.ReadAllLines(path).Where(line => line.EndsWith('}')).Select(line => JsonElement.Parse(line).GetProperty("cache").GetString() ?? "-").Order(StringComparer.Ordinal));
    }

    [Test]
    public async Task Explain_says_what_is_kept_and_why_it_would_not_be_used()
    {
        using var endpoint = Counting((_, _) => "");
        await using var gateway = await HttpGateway.StartAsync(Route, $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        gateway.Get("/a", host: $"{gateway.Address}");
        await StoredAsync(gateway, 1);

        Assert.That(await ExplainAsync("/a"), Does.Contain("cache").And.Contain("answered").And.Contain("age "));
        Assert.That(await ExplainAsync("/b"), Does.Match(@"cache +allowed +miss"));
        Assert.That(await ExplainAsync("/a", "-H", "If-Match: \"1\""), Does.Match(@"cache +skipped +condition"));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));

        async Task<string> ExplainAsync(string path, params string[] arguments)
        {
            var text = new StringWriter();
            await new Shell(new Terminal(text, text, _ => null)).RunAsync(["explain", "--live", "-c", gateway.Daemon.ConfigPath, $"http://{gateway.Address}{path}", .. arguments]);
            return text.ToString();
        }
    }

    [Test]
    public async Task A_reload_that_fails_changes_nothing_of_what_is_kept_and_one_without_a_cache_frees_it()
    {
        using var endpoint = Counting((_, _) => "");
        using var blocked = Loopback.Listen();
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}}}";
        await using var gateway = await HttpGateway.StartAsync(Route, upstreams);
        gateway.Get("/a");
        await StoredAsync(gateway, 1);

        var refused = await gateway.Daemon.ReloadAsync($"cache: 1MiB\nlisteners: {{other: {{bind: \"{blocked.LocalEndPoint}\", http: {{upstream: up}}}}}}\nupstreams: {upstreams}\n");
        Assert.That(refused.GetProperty("config").GetProperty("refused_reloads").GetInt32(), Is.EqualTo(1));
        Assert.That(refused.GetProperty("cache").GetProperty("memory").GetInt64(), Is.EqualTo(CacheStore.DefaultBytes));
        Assert.That(gateway.Get("/a").Text, Is.EqualTo("1"));

        var smaller = await gateway.Daemon.ReloadAsync("cache: 2MiB\n" + HttpGateway.Text(Route, upstreams));
        Assert.That(smaller.GetProperty("cache").GetProperty("memory").GetInt64(), Is.EqualTo(2 * 1024 * 1024));
        var without = await gateway.Daemon.ReloadAsync(HttpGateway.Text("{routes: [{name: all, path: \"/*\", upstream: up}]}", upstreams));
        Assert.That(without.GetProperty("cache").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(gateway.Get("/a").Text, Is.EqualTo("2"));
        var again = await gateway.Daemon.ReloadAsync(HttpGateway.Text(Route, upstreams));
        Assert.That((again.GetProperty("cache").GetProperty("entries").GetInt32(), gateway.Get("/a").Text, gateway.Get("/a").Text), Is.EqualTo((0, "3", "3")));
    }

    [Test]
    public async Task What_no_route_keeps_any_more_is_given_back_to_the_collector()
    {
        using var endpoint = Counting((_, _) => "");
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}}}";
        await using var gateway = await BareGateway.StartAsync(Route, upstreams, time: _time);
        gateway.Get("/a");
        var kept = Kept(gateway);
        await gateway.ReloadAsync("{routes: [{name: all, path: \"/*\", upstream: up}]}", upstreams);
        gateway.Get("/a");

        Assert.That(
            () =>
            {
                GC.Collect();
                return kept.IsAlive;
            },
            Is.False.After(Loopback.TimeoutMs, 20));
        gateway.Settle();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Kept(BareGateway gateway) => new(gateway.Kept);

    private static async Task<(int Exit, string Text)> LbAsync(HttpGateway gateway, params string[] arguments)
    {
        var text = new StringWriter();
        var exit = await new Shell(new Terminal(text, text, _ => null)).RunAsync(["purge", "-c", gateway.Daemon.ConfigPath, .. arguments]);
        return (exit, text.ToString());
    }

    /// <summary>Waits until so many answers were kept: one is when its end was seen, which its client may see before.</summary>
    private static async Task StoredAsync(HttpGateway gateway, int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await gateway.StatusAsync()).GetProperty("cache").GetProperty("stored").GetInt32() < count)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)));
            await Loopback.PauseAsync();
        }
    }

    private static HttpEndpoint Counting(Func<HttpMessage, int, string> fields)
    {
        var count = 0;
        return new HttpEndpoint((wire, request) =>
        {
            var number = Interlocked.Increment(ref count);
            wire.Respond($"{number}", Fresh + fields(request, number));
        });
    }

    private long Purge(BareGateway gateway, string tag) => gateway.Kept!.Purge(new CachePurge(_time.GetTimestamp()) { Tag = gateway.Kept.HashOf(System.Text.Encoding.ASCII.GetBytes(tag)) });

    private Task<BareGateway> StartAsync(HttpEndpoint endpoint) => BareGateway.StartAsync(Route, $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", time: _time);
}
