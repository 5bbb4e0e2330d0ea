namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class HttpChecksTests
{
    private const string Upstreams = """upstreams: {web: {endpoints: ["10.0.0.1:80"]}, api: {endpoints: ["10.0.0.2:80"]}}""";

    [TestCase("http: web", "tcp: web", "lb.yaml:2:19: a listener has either 'tcp' or 'http'")]
    [TestCase("http: ", null, "lb.yaml:2:25: 'http' needs the key 'upstream': the name of an upstream, or the key 'routes': a list of routes")]
    [TestCase("http: {timeouts: {idle: 5s}}", null, "lb.yaml:2:25: 'http' needs the key 'upstream': the name of an upstream, or the key 'routes': a list of routes")]
    [TestCase("http: {upstream: web, routes: [{upstream: web}]}", null, "lb.yaml:2:41: 'http' has either 'upstream' or 'routes'; for the requests that no other route takes, add a route without conditions")]
    [TestCase("http: {redirect_to_https: true}", null, "lb.yaml:2:26: 'redirect_to_https' leads only to names that a certificate of this file is for, and no HTTP listener has 'tls': give it to the one that clients are sent to")]
    [TestCase("http: {protocols: [http1, h2], upstream: web}", null, "lb.yaml:2:45: 'protocols' expects http1 or http2, not 'h2'; write http2")]
    [TestCase("http: {protocols: [htp2], upstream: web}", null, "lb.yaml:2:38: 'protocols' expects http1 or http2, not 'htp2'; did you mean 'http2'?")]
    [TestCase("http: wbe", null, "lb.yaml:2:25: no upstream is called 'wbe'; did you mean 'web'?")]
    public void A_listener_speaks_one_protocol_and_leads_somewhere(string http, string? more, string error) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: \":8\", {http}{(more is null ? "" : $", {more}")}}}\n{Upstreams}"), Does.Contain(error));

    [TestCase("{idle: 5s}", "lb.yaml:2:41: 'idle' here is of 'tcp'; an HTTP listener has its time bounds in http: {timeouts: …}")]
    [TestCase("{connect: 5s}", "lb.yaml:2:41: 'connect' here is of 'tcp'; an HTTP listener leaves it to the upstream")]
    public void Time_bounds_of_tcp_are_none_of_http(string timeouts, string error) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: \":8\", http: web, timeouts: {timeouts}}}\n{Upstreams}"), Is.EqualTo(new[] { error }));

    [TestCase("{path: /a}", "the route of '/a' leads nowhere: it needs one of upstream, split, redirect, respond")]
    [TestCase("{}", "the route without host and path leads nowhere: it needs one of upstream, split, redirect, respond")]
    [TestCase("{upstream: web, respond: readiness}", "a route has one action, and the route without host and path has 'upstream' already")]
    [TestCase("{name: x, path: /a, path_regex: /b, upstream: web}", "a route has either 'path' or 'path_regex'")]
    [TestCase("{split: {to: {web: 90%, api: 20%}}}", "the shares of 'split' are 110% together, not 100%")]
    [TestCase("{respond: {body: x}, mirror: web}", "'mirror' copies what is forwarded, and the route without host and path forwards nothing")]
    [TestCase("{upstream: web, methods: [POST, PATCH], retry: {on: [connect, 503]}}", "POST and PATCH may not be acted on twice, so that the route without host and path can only be tried again on connect: add 'idempotency_key: required', or leave the other reasons and 'hedge_after' out")]
    [TestCase("{path: /a, upstream: web, methods: POST, retry: {hedge_after: 1s}}", "POST may not be acted on twice, so that the route of '/a' can only be tried again on connect: add 'idempotency_key: required', or leave the other reasons and 'hedge_after' out")]
    [TestCase("{upstream: web, retry: {on: [5xx]}}", "'on' expects connect, reset, timeout or a status from 400 to 599 such as 503, not '5xx'; write the statuses: [502, 503, 504]")]
    [TestCase("{upstream: web, retry: {on: [302]}}", "'on' expects connect, reset, timeout or a status from 400 to 599 such as 503, not '302'")]
    [TestCase("{upstream: web, retry: {on: [rest]}}", "'on' expects connect, reset, timeout or a status from 400 to 599 such as 503, not 'rest'; did you mean 'reset'?")]
    [TestCase("{upstream: web, on_error: {502: {}}}", "'502' of 'on_error' needs 'body' or 'upstream'")]
    [TestCase("{upstream: web, on_error: {502: {body: x, upstream: web}}}", "'502' of 'on_error' has either 'body' or 'upstream'")]
    [TestCase("{upstream: web, on_error: {302: {body: x}}}", "a key of 'on_error' is a status from 400 to 599 such as 502, not '302'")]
    [TestCase("{upstream: web, on_error: {502: {upstream: wbe}}}", "no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("{upstream: wbe}", "no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("{upstream: web, mirror: apo}", "no upstream is called 'apo'; did you mean 'api'?")]
    [TestCase("{split: {to: {web: 50%, apo: 50%}}}", "no upstream is called 'apo'; did you mean 'api'?")]
    [TestCase("{upstrem: web}", "unknown key 'upstrem' in routes; did you mean 'upstream'?")]
    [TestCase("{host: \"*\", upstream: web}", "'host' expects a host such as api.example.com or \"*.example.com\", not '*'; leave 'host' out: the route is for every host then")]
    [TestCase("{host: \"a:80\", upstream: web}", "'host' expects a host such as api.example.com or \"*.example.com\", not 'a:80'; the port of a request counts for nothing; write a")]
    [TestCase("{host: \"::1\", upstream: web}", "'host' expects a host such as api.example.com or \"*.example.com\", not '::1'; write \"[::1]\"")]
    [TestCase("{path: a, upstream: web}", "'path' expects a path such as /trips, \"/users/*\" or \"/trips/{id}/track\", not 'a'; a path begins with '/'")]
    [TestCase("{path: \"/a*\", upstream: web}", "'path' expects a path such as /trips, \"/users/*\" or \"/trips/{id}/track\", not '/a*'; '*' is the whole last segment, as in /users/*; for more there is path_regex")]
    [TestCase("{path_regex: \"(?=a)\", upstream: web}", "'path_regex' expects a regular expression such as '/v[0-9]+/.*', not '(?=a)'; it needs backtracking, or is too large: leave out look-around and backreferences, and count less")]
    [TestCase("{methods: post, upstream: web}", "'methods' expects a method such as POST, or a list of them, not 'post'; write POST: methods are told apart by case")]
    [TestCase("{methods: [CONNECT], upstream: web}", "'methods' expects a method such as POST, not 'CONNECT'; tunnels are not opened, so no route is ever asked for one")]
    [TestCase("{headers: {a b: x}, upstream: web}", "a key of 'headers' is the name of a header field such as X-Api-Version, not 'a b'")]
    [TestCase("{headers: {X-A: x, x-a: y}, upstream: web}", "'x-a' stands twice in 'headers': upper and lower case are the same")]
    [TestCase("{redirect: {to: \"//evil\"}}", "a redirect leads to a path that begins with one slash, or to a URL that begins with http:// or https://")]
    [TestCase("{redirect: \"https://${host}/\"}", "${host} in a redirect needs a route with 'host': else any request could choose the site")]
    [TestCase("{path: \"/{id}\", upstream: web, rewrite: {path: \"/x/${path.ID}\"}}", "'${path.ID}': the route's path has no {ID}; it has {id}")]
    [TestCase("{path: /a, query: {v: \"2\"}, upstream: web, cache: {key: {query: [page]}}}", "the route asks for the parameter 'v', and the endpoint would not get it: list it here")]
    [TestCase("{path: /a, upstream: web, rewrite: {query: {set: {v: \"2\"}}}, cache: {key: {query: [page]}}}", "'rewrite' sets the parameter 'v', and the endpoint would not get it: list it here")]
    [TestCase("{path: /a, upstream: web, cache: {key: {headers: [X-A, cookie]}}}", "a request has many cookies in one field: name those that count in 'cookies'")]
    [TestCase("{path: /a, upstream: web, cache: {key: {headers: [Connection]}}}", "'Connection' is about a connection or the length of a message: lb writes it by itself")]
    [TestCase("{upstream: web, request_headers: {set: {X-A: \"${client_up}\"}}}", "'${client_up}' is no variable; did you mean 'client_ip'?")]
    public void A_route_is_whole_and_can_be_meant(string route, string error) =>
        Assert.That(ErrorsOf(route).Select(each => each.Split(": ", 2)[1]), Is.EqualTo(new[] { error }));

    [TestCase("{path: /a, upstream: web}", "{path: /a, upstream: api}", "a request may be for the route of '/a' and for the route of '/a' at lb.yaml:5:11, and neither is the more specific: add a condition that excludes the other, or a 'priority'")]
    [TestCase("{upstream: web}", "{name: x, path: \"/*\", upstream: api}", "a request may be for the route 'x' and for the route without host and path at lb.yaml:5:11, and neither is the more specific: add a condition that excludes the other, or a 'priority'")]
    [TestCase("{path: /a, methods: GET, priority: 1, upstream: web}", "{path: /a, methods: HEAD, upstream: api}", "no request reaches the route of '/a': the route of '/a' at lb.yaml:5:11 takes what it would")]
    [TestCase("{host: a, path_regex: /a, upstream: web}", "{host: a, path_regex: /b, upstream: api}", "nobody can tell which regular expression is the narrower, that of the route of 'a/b' or that of the route of 'a/a' at lb.yaml:5:11: give them different priorities")]
    [TestCase("{name: x, path: /a, upstream: web}", "{name: x, path: /b, upstream: api}", "a route of this listener is called 'x' already, at lb.yaml:5:18")]
    public void Two_routes_do_not_stand_in_each_others_way(string first, string second, string error) =>
        Assert.That(ErrorsOf(first, second).Select(each => each.Split(": ", 2)), Is.EqualTo(new[] { new[] { error.Contains("called", StringComparison.Ordinal) ? "lb.yaml:6:18" : "lb.yaml:6:11", error } }));

    [TestCase("{upstream: web, methods: POST, retry: {on: [connect, 503], idempotency_key: required}}")]
    [TestCase("{upstream: web, methods: [GET, POST], retry: {on: 503}}")]
    [TestCase("{upstream: web, retry: {on: 503}}")]
    [TestCase("{upstream: web, methods: POST, retry: {attempts: 3, on: connect}}")]
    [TestCase("{upstream: web, methods: POST, retry: off}")]
    public void Retries_that_never_act_twice_are_none_of_its_mistakes(string route) => Assert.That(ErrorsOf(route), Is.Empty);

    [Test]
    public void A_route_that_only_inherits_retries_has_those_that_are_safe() => Assert.That(
        ConfigFolder.ErrorsOf("defaults: {retry: {on: [503]}}\nlisteners: {a: {bind: \":8\", http: {routes: [{path: /a, methods: POST, upstream: web}, {upstream: api}]}}}\n" + Upstreams), Is.Empty);

    [Test]
    public void A_route_with_an_error_is_in_nobodys_way() =>
        Assert.That(ErrorsOf("{path: /a, upstream: web}", "{path: a, upstream: api}"), Has.Length.EqualTo(1));

    [Test]
    public void A_fault_of_the_defaults_is_reported_once_and_where_it_stands() => Assert.That(
        ConfigFolder.ErrorsOf("""
            defaults: {response_headers: {set: {X-A: "${nobody}"}}, on_error: {503: {upstream: wbe}}}
            listeners:
              a: {bind: ":8", http: {routes: [{path: /a, upstream: web}, {path: /b, upstream: api}]}}

            """ + Upstreams).Select(error => error.Split(';')[0]),
        Is.EqualTo(new[] { "lb.yaml:1:42: '${nobody}' is no variable", "lb.yaml:1:84: no upstream is called 'wbe'" }));

    [Test]
    public void A_tcp_listener_does_not_lead_to_what_needs_http() => Assert.That(
        ConfigFolder.ErrorsOf("""
            listeners: {a: {bind: ":8", tcp: web}}
            upstreams: {web: {balance: hash, hash: {on: "header:X-User"}, affinity: lb, endpoints: ["10.0.0.1:80"]}}
            """),
        Is.EqualTo(new[]
        {
            "lb.yaml:2:45: a TCP listener leads to the upstream 'web', and its connections have no header:X-User: use client_ip, or an upstream of its own",
            "lb.yaml:2:73: a TCP listener leads to the upstream 'web', and its connections have no cookies: leave 'affinity' out, or use an upstream of its own",
        }));

    [Test]
    public void A_route_starts_from_its_listener_and_that_from_the_file()
    {
        var options = ConfigFolder.OptionsOf("""
            defaults:
              timeouts: {idle: 20s, head: 5s, connect: 1s}
              limits: {fields: 50, body: 1MB}
              timeout: 9s
              allow_ips: [10.0.0.0/8, 127.0.0.0/8]
              request_headers: {set: {X-A: a}, remove: [X-B]}
              on_error: {502: {body: top}, 503: {body: top}}
            listeners:
              a:
                bind: ":8"
                http:
                  limits: {body: 2MB}
                  defaults: {request_headers: {remove: [X-C]}, on_error: {503: {body: listener}}}
                  routes:
                    - {path: /a, upstream: web, timeout: none, allow_ips: 10.0.0.1, on_error: {504: {body: route}}}
                    - {path: /b, upstream: api, request_headers: none}
              b: {bind: ":9", tcp: web}

            """ + Upstreams);
        var http = options.Listeners["a"].Http!;
        var (first, second) = (http.Routes[0].Policies, http.Routes[1].Policies);

        Assert.Multiple(() =>
        {
            Assert.That((http.Timeouts.Idle, http.Timeouts.Head, http.Timeouts.Body), Is.EqualTo((TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30))));
            Assert.That((http.Limits.Fields, http.Limits.Body), Is.EqualTo((50, 2_000_000)));
            Assert.That((options.Listeners["b"].Timeouts.Idle, options.Listeners["b"].Timeouts.Connect), Is.EqualTo((TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1))));
            Assert.That((first.Timeout, second.Timeout), Is.EqualTo(((TimeSpan?)null, (TimeSpan?)TimeSpan.FromSeconds(9))));
            Assert.That((first.AllowIps.Count, second.AllowIps.Count), Is.EqualTo((1, 2)), "lists replace");
            Assert.That(first.RequestHeaders!.Set["X-A"], Is.EqualTo("a"), "maps merge");
            Assert.That(first.RequestHeaders.Remove, Is.EqualTo(new[] { "X-C" }));
            Assert.That(second.RequestHeaders, Is.Null, "none removes");
            Assert.That(first.OnError.OrderBy(page => page.Key).Select(page => $"{page.Key} {page.Value.Body}"), Is.EqualTo(new[] { "502 top", "503 listener", "504 route" }));
        });
    }

    [Test]
    public void A_template_keeps_its_variables_and_what_a_reference_brought_in_is_not_scanned()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners: {a: {bind: ":8", http: {routes: [{upstream: web, request_headers: {set: {X-A: "${env:A} ${client_ip} $$x"}}}]}}}
            upstreams: {web: {endpoints: ["10.0.0.1:80"]}}
            """);
        folder.Environment["A"] = "${host} $";
        var result = folder.Load();

        Assert.That(folder.Lines(result.Errors), Is.Empty);
        Assert.That(result.Options!.Listeners["a"].Http!.Routes[0].Policies.RequestHeaders!.Set["X-A"], Is.EqualTo("$${host} $$ ${client_ip} $$x"));
    }

    private static string[] ErrorsOf(params string[] routes) =>
        ConfigFolder.ErrorsOf($"listeners:\n  a:\n    bind: \":8\"\n    http: {{routes: [\n{string.Join(",\n", routes.Select(route => "          " + route))}]}}\n{Upstreams}");
}
