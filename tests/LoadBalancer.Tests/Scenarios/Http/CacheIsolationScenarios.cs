using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// Traps 42 and C1 to C3, attacked: an endpoint that makes its answer of all that it is told, and says of it what careless endpoints say. Whatever a route is like, nobody
/// sees what another client has sent.
/// </summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class CacheIsolationScenarios(Carrier carrier) : IOverCarriers
{
    private const string Ann = "annabel";
    private const string Bob = "bobby";

    // By which a client tells who it is, or what an endpoint makes a page of though nobody has said so.
    private static readonly string[] Ways =
    [
        "Authorization: Bearer USER", "Cookie: session=USER", "Cookie: theme=dark; session=USER", "X-API-Key: USER", "X-Partner: USER", "X-Asked: USER", "X-Session: USER", "X-Auth-Token: USER",
        "Forwarded: for=USER;host=USER", "X-Forwarded-Host: USER", "X-Host: USER", "True-Client-IP: USER", "X-HTTP-Method-Override: USER", "Origin: https://USER.example", "Content-Type: text/USER",
    ];

    // None of them says that the answer is for all.
    private static readonly string[] Sayings =
    [
        "", "Cache-Control: max-age=60\r\n", "Cache-Control: s-maxage=0\r\n", "Cache-Control: max-age=0, must-revalidate\r\n", "Cache-Control: max-age=60; private\r\n", "Vary: Accept-Language\r\n",
        "Cache-Control: no-cache\r\nETag: \"same\"\r\n",
    ];

    private const string Auth = """

        auth:
          keys: {api_key: {header: X-API-Key}}
          partners: {api_key: {header: X-Partner, query: partner}}
          asked: {external: {url: "SERVICE", send: [X-Asked, Authorization]}}
        consumers:
          one: {api_keys: ["sha256:ANN"], plan: gold}
          two: {api_keys: ["sha256:BOB"], plan: gold}
        plans: {gold: {rate: 100000/s}}
        """;

    private readonly ManualTime _time = new();
    private readonly List<HttpEndpoint> _endpoints = [];
    private LoopbackService _service = null!;

    public Carrier Carrier => carrier;

    [OneTimeSetUp]
    public void Serve() => _service = new LoopbackService(_ => LoopbackService.Answer(204));

    [OneTimeTearDown]
    public async Task StopService() => await _service.DisposeAsync();

    [TearDown]
    public void Close()
    {
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
    }

    [TestCase("cache: 30s")]
    [TestCase("cache: {}")]
    [TestCase("cache: {ttl: 30s, share: all}")]
    [TestCase("cache: {ttl: 30s, coalesce: off}")]
    [TestCase("cache: 30s, request_headers: {remove: [Authorization, Cookie, X-API-Key, X-Session, X-Partner]}")]
    [TestCase("cache: 30s, request_headers: {set: {X-Who: \"${header.Authorization}${header.Cookie}${header.X-API-Key}${header.X-Session}\"}}")]
    [TestCase("cache: 30s, request_headers: {set: {X-Who: \"${header.X-Partner}\", Cookie: \"c=${header.X-Session}\"}, add: {X-Host: \"own\"}}")]
    [TestCase("cache: 30s, request_headers: {set: {User-Agent: \"${header.X-Session}${header.X-Asked}\"}}")]
    [TestCase("cache: 30s, rewrite: {path: \"${path}/of${header.X-Session}${header.X-API-Key}\"}")]
    [TestCase("cache: 30s, rewrite: {query: {set: {who: \"${header.Authorization}${header.X-Host}\"}}}")]
    [TestCase("cache: {ttl: 30s, key: {query: [page], cookies: [theme], headers: [X-Session, X-Host]}}")]
    [TestCase("cache: {ttl: 30s, key: {query: none, cookies: none}}")]
    [TestCase("cache: 30s, auth: {any: [keys, partners], optional: true}")]
    [TestCase("cache: {ttl: 30s, share: plan}, auth: {any: [keys, partners], optional: true}")]
    [TestCase("cache: {ttl: 30s, share: all}, auth: {any: [keys, partners], optional: true}")]
    [TestCase("cache: {ttl: 30s, share: all}, auth: {any: [keys, partners]}, shadow: [auth]")]
    [TestCase("cache: 30s, auth: {any: [keys, partners]}, shadow: [auth]")]
    [TestCase("cache: 30s, auth: asked")]
    [TestCase("cache: {ttl: 30s, share: all}, auth: asked")]
    [TestCase("cache: {ttl: 30s, share: all}, auth: asked, request_headers: {set: {X-Who: \"${header.X-Asked}\"}}")]
    public async Task Nobody_sees_what_another_client_has_sent(string route)
    {
        await using var gateway = await StartAsync($"{{path: \"/*\", upstream: up, {route}}}", Echo());
        using (var client = gateway.Connect())
        {
            for (var saying = 0; saying < Sayings.Length; saying++)
            {
                for (var way = 0; way < Ways.Length; way++)
                {
                    foreach (var user in new[] { Ann, Bob, "" })
                    {
                        var response = client.Get($"/{saying}/{way}", user.Length == 0 ? "" : Ways[way].Replace("USER", user, StringComparison.Ordinal) + "\r\n").ReadResponse();
                        IsNotOf(response, user, $"{Sayings[saying]} to {Ways[way]}");
                    }
                }
            }
        }

        gateway.Settle();
    }

    [TestCase("cache: 30s")]
    [TestCase("cache: {}, request_headers: {set: {X-Who: \"${client_ip}\", X-Id: \"${request_id}\"}}")]
    [TestCase("cache: {ttl: 30s, key: {query: [page], cookies: [theme], headers: [X-Session]}}")]
    public async Task What_it_may_be_given_is_given(string route)
    {
        await using var gateway = await StartAsync($"{{path: \"/*\", upstream: up, {route}}}", Echo());
        gateway.Get("/1/0", "User-Agent: one\r\nAccept-Language: de\r\nSec-Fetch-Mode: cors\r\nX-Correlation-Id: 1\r\n");

        Assert.That(gateway.Get("/1/0", "User-Agent: two\r\n")["Cache-Status"], Does.StartWith("lb; hit"));
        gateway.Settle();
    }

    [TestCase("Cache-Control: public, max-age=60\r\n", 30, "Authorization: Bearer a\r\n")]
    [TestCase("Cache-Control: public\r\n", 30, "Cookie: session=a\r\n")]
    [TestCase("Cache-Control: s-maxage=20\r\n", 20, "Authorization: Bearer a\r\n")]
    [TestCase("Cache-Control: max-age=20, must-revalidate\r\n", 20, "X-Partner: a\r\n")]
    public async Task What_says_that_it_is_for_all_is_for_all_for_as_long_as_that_holds(string saying, int seconds, string credential)
    {
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", Counting(saying));
        Assert.That(gateway.Get("/", credential).Text, Is.EqualTo("1"));
        _time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.That((gateway.Get("/").Text, gateway.Get("/", "Authorization: Bearer b\r\n").Text), Is.EqualTo(("1", "1")));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("2"));
        gateway.Settle();
    }

    [Test]
    public async Task What_a_stranger_got_is_not_what_somebody_with_a_credential_gets()
    {
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", Counting(""));

        Assert.That((gateway.Get("/").Text, gateway.Get("/", "Authorization: Bearer a\r\n").Text, gateway.Get("/?partner=a").Text, gateway.Get("/?partner=a").Text, gateway.Get("/", "X-Partner: a\r\n").Text, gateway.Get("/").Text),
            Is.EqualTo(("1", "2", "3", "4", "5", "1")));
        gateway.Settle();
    }

    [Test]
    public async Task C1_the_endpoint_gets_the_parameters_and_cookies_of_the_key_in_its_order_and_no_others()
    {
        var endpoint = Counting("");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {ttl: 30s, key: {query: [page, size], cookies: [theme, lang]}}}", endpoint);

        Assert.That(Ask("/?size=2&utm=x&page=1", "Cookie: lang=de; session=1; theme=dark\r\n"), Is.EqualTo("1"));
        Assert.That((endpoint.Requests[0].FirstLine, endpoint.Requests[0]["Cookie"]), Is.EqualTo(("GET /?page=1&size=2 HTTP/1.1", "theme=dark; lang=de")));
        Assert.That(Ask("/?page=1&size=2", "Cookie: theme=dark; lang=de\r\n"), Is.EqualTo("1"));
        Assert.That(Ask("/?utm=y;page=9&page=1&size=2", "Cookie: x; theme=dark; lang=de\r\n"), Is.EqualTo("1"), "a semicolon divides nothing");
        Assert.That(Ask("/?page=1&size=2", "Cookie: theme=light; lang=de\r\n"), Is.EqualTo("2"));
        Assert.That(Ask("/?page=1&page=2&size=2", "Cookie: theme=dark; lang=de\r\n"), Is.EqualTo("3"), "which of two is meant, the endpoint says");
        Assert.That(Ask("/?page=1;size=3&size=2", "Cookie: theme=dark; lang=de\r\n"), Is.EqualTo("4"), "what stands behind it is of the value");
        Assert.That(Ask("/?", "Cookie: session=1\r\n"), Is.EqualTo("5"));
        Assert.That((endpoint.Requests[4].FirstLine, endpoint.Requests[4]["Cookie"]), Is.EqualTo(("GET / HTTP/1.1", (string?)null)));
        Assert.That(Ask("/?utm=1", ""), Is.EqualTo("5"));
        gateway.Settle();

        string Ask(string target, string fields) => gateway.Get(target, fields).Text;
    }

    [Test]
    public async Task C1_what_passes_the_cache_by_keeps_what_the_key_does_not_have()
    {
        var endpoint = Counting("");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {ttl: 30s, key: {query: [page], cookies: none}}}", endpoint);
        using (var client = gateway.Connect())
        {
            client.Send("POST /?page=1&x=2 HTTP/1.1\r\nHost: test\r\nCookie: session=1\r\nContent-Length: 0\r\n\r\n");
            client.ReadResponse();
        }

        gateway.Get("/?page=1&x=2", "Cookie: session=1\r\nRange: bytes=0-0\r\nIf-Match: \"1\"\r\n");
        Assert.That(endpoint.Requests.Select(request => (request.FirstLine.Split(' ')[1], request["Cookie"])), Is.All.EqualTo(("/?page=1&x=2", "session=1")));
        gateway.Settle();
    }

    [Test]
    public async Task Fields_of_the_key_count()
    {
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {ttl: 30s, key: {headers: [X-App]}}}", Counting(""));

        Assert.That((Ask("X-App: 1\r\n"), Ask("X-App: 2\r\n"), Ask(""), Ask("x-app: 1\r\n"), Ask("X-App: \r\n"), Ask("X-App: 1\r\nX-App: 2\r\n"), Ask("X-App: 1,2\r\n")), Is.EqualTo(("1", "2", "3", "1", "4", "5", "6")));
        gateway.Settle();

        string Ask(string fields) => gateway.Get("/", fields).Text;
    }

    [Test]
    public async Task Values_that_vary_count_as_they_stand()
    {
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", Counting("Vary: X-A, X-B\r\n"));
        string[] asked = ["X-A: a\r\nX-A: b\r\n", "X-A: a:b\r\n", "X-A: a,b\r\n", "X-A: a\r\nX-B: b\r\n", "X-B: b\r\n", "X-A: \r\n", ""];

        Assert.That(asked.Concat(asked).Select(fields => gateway.Get("/", fields).Text), Is.EqualTo(new[] { "1", "2", "3", "4", "5", "6", "7", "1", "2", "3", "4", "5", "6", "7" }));
        gateway.Settle();
    }

    [TestCase("rewrite: {path: \"/of/${identity.sub}\"}")]
    [TestCase("request_headers: {set: {X-Of: \"${identity.sub}\"}}")]
    [TestCase("request_headers: {add: {Accept: \"${identity.sub}\"}}")]
    public async Task What_is_made_of_who_calls_is_for_who_calls(string route)
    {
        await using var gateway = await StartAsync($"{{path: \"/*\", upstream: up, auth: keys, cache: {{ttl: 30s, share: all}}, {route}}}", Counting(""));

        Assert.That((Ask(Ann), Ask(Bob), Ask(Ann), Ask(Bob)), Is.EqualTo(("1", "2", "1", "2")));
        gateway.Settle();

        string Ask(string user) => gateway.Get("/", $"X-API-Key: {user}\r\n").Text;
    }

    [Test]
    public async Task Twins_without_names_keep_apart_whatever_is_loaded()
    {
        const string One = "{path: \"/*\", upstream: up, cache: 30s}";
        const string Two = "{path: \"/*\", headers: {X-Beta: \"1\"}, upstream: up, cache: 30s}";
        var endpoint = Counting("");
        await using var gateway = await StartAsync($"{One}, {Two}", endpoint);
        Assert.That((Ask(""), Ask("X-Beta: 1\r\n")), Is.EqualTo(("1", "2")));
        foreach (var routes in new[] { $"{Two}, {One}", $"{One}, {Two}, {{path: /other, upstream: up}}", $"{One}, {Two}" })
        {
            await gateway.ReloadAsync($"{{routes: [{routes}]}}", Upstreams(endpoint));
            Assert.That((Ask(""), Ask("X-Beta: 1\r\n")), Is.EqualTo(("1", "2")), routes);
        }

        await gateway.ReloadAsync($"{{routes: [{Two}]}}", Upstreams(endpoint));
        Assert.That(Ask("X-Beta: 1\r\n"), Is.EqualTo("2"));
        await gateway.ReloadAsync($"{{routes: [{One}, {Two}]}}", Upstreams(endpoint));
        Assert.That((Ask("X-Beta: 1\r\n"), Ask("")), Is.EqualTo(("2", "3")));
        gateway.Settle();

        string Ask(string fields) => gateway.Get("/", fields).Text;
    }

    [TestCase("upstream: up, cache: 30s", "upstream: other, cache: 30s")]
    [TestCase("upstream: up, cache: 30s", "upstream: up, cache: 30s, name: called")]
    [TestCase("upstream: up, cache: 30s", "split: {to: {up: 50%, other: 50%}}, cache: 30s")]
    [TestCase("upstream: up, cache: {ttl: 30s, share: all}, auth: {any: keys, optional: true}", "upstream: up, cache: {ttl: 30s, share: all}, auth: {any: partners, optional: true}")]
    public async Task A_route_that_is_another_begins_anew(string before, string after)
    {
        var endpoint = Counting("");
        await using var gateway = await StartAsync($"{{path: \"/*\", {before}}}", endpoint);
        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "1")));
        await gateway.ReloadAsync($"{{routes: [{{path: \"/*\", {after}}}]}}", Upstreams(endpoint) + Providers);

        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("2", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task A_route_whose_upstream_is_another_begins_anew()
    {
        var endpoint = Counting("");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);
        gateway.Get("/");
        await gateway.ReloadAsync("{routes: [{path: \"/*\", upstream: up, cache: 30s}]}", Upstreams(endpoint, ", timeouts: {connect: 3s}"));

        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("2", "2")));
        gateway.Settle();
    }

    [TestCase("split: {to: {up: 50%, other: 50%}, sticky: version}", "")]
    [TestCase("upstream: both", "")]
    public async Task Who_has_a_place_gets_the_answers_of_that_place(string action, string more)
    {
        var (one, two) = (Scripted((wire, _, _) => wire.Respond("one", "Cache-Control: public, max-age=60\r\n")), Scripted((wire, _, _) => wire.Respond("two", "Cache-Control: public, max-age=60\r\n")));
        await using var gateway = await BareGateway.StartAsync(
            $"{{routes: [{{path: \"/*\", {action}, cache: 30s{more}}}]}}",
            $"{{{HttpGateway.Upstream("up", "", one)}, {HttpGateway.Upstream("other", "", two)}, {HttpGateway.Upstream("both", ", affinity: {cookie: version}", one, two)}}}", time: _time);
        var places = new Dictionary<string, string>();
        for (var turn = 0; turn < 20 && places.Count < 2; turn++)
        {
            var first = gateway.Get("/");
            places[first.Text] = first["Set-Cookie"]!.Split(';')[0];
        }

        Assert.That(places.Keys, Is.EquivalentTo(new[] { "one", "two" }), "who has no place is given one, and kept from what others got");
        for (var turn = 0; turn < 3; turn++)
        {
            foreach (var (text, cookie) in places)
            {
                var response = gateway.Get("/", $"Cookie: {cookie}\r\n");
                Assert.That((response.Text, response["Cache-Status"]!.StartsWith("lb; hit", StringComparison.Ordinal)), Is.EqualTo((text, turn > 0)));
            }
        }

        Assert.That((one.Requests.Count(HasCookie), two.Requests.Count(HasCookie)), Is.EqualTo((1, 1)));
        gateway.Settle();

        static bool HasCookie(HttpMessage request) => request["Cookie"] is not null;
    }

    private static void IsNotOf(HttpMessage response, string user, string how)
    {
        foreach (var other in new[] { Ann, Bob })
        {
            if (other != user && (response.Text.Contains(other, StringComparison.Ordinal) || response.Fields.Any(field => field.Contains(other, StringComparison.Ordinal))))
            {
                Assert.Fail($"'{user}' sees {other}'s: {how}\n{response.FirstLine}\n{string.Join('\n', response.Fields)}\n\n{response.Text}");
            }
        }
    }

    private static string Upstreams(HttpEndpoint endpoint, string keys = "") => $"{{{HttpGateway.Upstream("up", keys, endpoint)}, {HttpGateway.Upstream("other", "", endpoint)}}}";

    private static string DigestOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key)));

    private Task<BareGateway> StartAsync(string routes, HttpEndpoint endpoint) => BareGateway.StartAsync($"{{routes: [{routes}]}}", Upstreams(endpoint) + Providers, time: _time);

    private string Providers => Auth.Replace("ANN", DigestOf(Ann), StringComparison.Ordinal).Replace("BOB", DigestOf(Bob), StringComparison.Ordinal).Replace("SERVICE", $"{_service.Address}/", StringComparison.Ordinal);

    // All that it was told, and what the path says that it is to say of it. To whoever has something, that it is the same, whoever asks.
    private HttpEndpoint Echo() => Scripted(static (wire, request, _) =>
    {
        var told = $"{request.FirstLine}\n{string.Join('\n', request.Fields)}";
        var fields = $"X-Told: {(told.Contains(Ann, StringComparison.Ordinal) ? Ann : told.Contains(Bob, StringComparison.Ordinal) ? Bob : "nothing")}\r\n"
            + Sayings[int.Parse(request.FirstLine.Split(' ')[1].Split('/')[1], CultureInfo.InvariantCulture)];
        if (request["If-None-Match"] is not null)
        {
            wire.Send($"HTTP/1.1 304 Not Modified\r\n{fields}\r\n");
            return;
        }

        wire.Respond(told, fields);
    });

    private HttpEndpoint Counting(string fields) => Scripted((wire, _, count) => wire.Respond($"{count}", fields));

    private HttpEndpoint Scripted(Action<HttpWire, HttpMessage, int> answer)
    {
        var count = 0;
        var endpoint = new HttpEndpoint((wire, request) => answer(wire, request, Interlocked.Increment(ref count)));
        _endpoints.Add(endpoint);
        return endpoint;
    }
}
