using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Configuration;

namespace LoadBalancer.Daemon.Tests.Testing;

/// <summary>Expectations of a configuration, as a repository of configurations has them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TestRunTests : IDisposable
{
    private const string Gateway = """
        listeners:
          web:
            bind: "127.0.0.1:0"
            http:
              routes:
                - {name: trip, path: "/trips/{id}", methods: [GET], upstream: trips, request_headers: {set: {X-Trip: "${path.id}"}, remove: [X-Debug]}, rewrite: {strip_prefix: /trips}}
                - {name: inside, path: "/inside/*", upstream: secret, allow_ips: 10.0.0.0/8}
                - {name: home, path: /, redirect: {to: "https://a.example/"}}
                - {name: shared, path: /shared, split: {to: {trips: 50%, secret: 50%}}}
        upstreams:
          trips: {endpoints: ["10.0.0.1:80", {address: "10.0.0.2:80", weight: 0}, "10.0.0.3:80"]}
          secret: {endpoints: ["10.0.1.1:80"]}

        """;

    private readonly ConfigFolder _folder = new();
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _folder.Dispose();
        _out.Dispose();
        _error.Dispose();
    }

    [Test]
    public async Task What_is_as_expected_passes_and_routes_that_nobody_asked_for_are_listed()
    {
        var code = await RunAsync("""
            - name: a trip is known by its id
              request: {url: "http://a.example/trips/7?v=2", headers: {X-Debug: "1"}}
              expect: {route: trip, outcome: forwarded, upstream: trips, endpoints: ["10.0.0.1:80", "10.0.0.3:80"], sent: {X-Trip: "7"}, not_sent: [X-Debug], path: "/7?v=2", verdicts: {rewrite: changed}}
            - request: {url: "http://a.example/inside/x", client: 192.0.2.7}
              expect: {outcome: refused, status: 403, reason: address_denied, verdicts: {allow_ips: refused}}
            - request: {url: "http://a.example/inside/x", client: 10.1.2.3}
              expect: {outcome: forwarded, upstream: secret}
            - request: {url: "http://a.example/"}
              expect: {outcome: answered, status: 307, location: "https://a.example/"}
            - request: {url: "http://a.example/nowhere"}
              expect: {route: none, status: 404, reason: no_route}
            """);
        Assert.That((code, _error.ToString()), Is.EqualTo((0, "")));
        Assert.That(_out.ToString(), Is.EqualTo("""
            ok      a trip is known by its id
            ok      GET http://a.example/inside/x
            ok      GET http://a.example/inside/x
            ok      GET http://a.example/
            ok      GET http://a.example/nowhere
            routes that no request of the tests reaches:
                    web shared
            5 passed, 0 failed

            """));
    }

    [TestCase("route: home", "route: expected home, found trip")]
    [TestCase("route: none", "route: expected none, found trip")]
    [TestCase("status: 404", "status: expected 404, found that of the endpoint")]
    [TestCase("outcome: refused", "outcome: expected refused, found forwarded")]
    [TestCase("upstream: secret", "upstream: expected secret, found trips")]
    [TestCase("endpoints: [\"10.0.0.1:80\"]", "endpoints: expected 10.0.0.1:80, found 10.0.0.1:80, 10.0.0.3:80")]
    [TestCase("sent: {X-Trip: \"8\"}", "sent: expected X-Trip: 8, found 7")]
    [TestCase("sent: {X-User: \"8\"}", "sent: expected X-User: 8, found no such field")]
    [TestCase("not_sent: [x-trip]", "not_sent: x-trip is sent: 7")]
    [TestCase("path: /trips/7", "path: expected /trips/7, found /7")]
    [TestCase("location: /x", "location: expected /x, found none")]
    [TestCase("reason: no_route", "reason: expected no_route, found none")]
    [TestCase("verdicts: {rewrite: skipped}", "verdicts: expected rewrite: skipped, found changed")]
    [TestCase("verdicts: {auth: allowed}", "verdicts: expected auth: allowed, found no such policy on the route")]
    public async Task What_is_otherwise_fails_and_says_how(string expect, string failure)
    {
        var code = await RunAsync($"- {{request: {{url: \"http://a.example/trips/7\"}}, expect: {{{expect}}}}}");
        Assert.That(_out.ToString(), Does.Contain($"\n        {failure}"));
        Assert.That(_out.ToString(), Does.EndWith("\n0 passed, 1 failed\n"));
        Assert.That(code, Is.EqualTo(1));
    }

    [TestCase("{path: \"/inside/*\", requires: [allow_ips]}", null)]
    [TestCase("{upstream: secret, requires: [allow_ips]}", "GET any.example/shared: the route 'shared' of 'web' has no allow_ips")]
    [TestCase("{upstream: trips, requires: [auth, tls]}", "GET any.example/trips/example: the route 'trip' of 'web' has no auth and no tls")]
    [TestCase("{upstream: trip, requires: [auth]}", "no upstream is called 'trip'")]
    [TestCase("{listener: wep, requires: [auth]}", "no listener is called 'wep'")]
    [TestCase("{path: /other, requires: [auth]}", "nothing leads there, so that nothing is proved")]
    public async Task An_assertion_is_proved_over_all_routes(string assertion, string? failure)
    {
        var code = await RunAsync($"- assert: {assertion}");
        Assert.That(code, Is.EqualTo(failure is null ? 0 : 1));
        Assert.That(_out.ToString(), failure is null ? Does.Contain("1 passed") : Does.Contain(failure));
    }

    [TestCase("{name: rest, upstream: trips}", null)]
    [TestCase("{name: rest, path: \"/*\", upstream: trips}", null)]
    [TestCase("{name: rest, upstream: trips}, {name: posts, path: \"/inside/*\", methods: [POST], upstream: trips}", "POST any.example/inside: the route 'posts' of 'web' has no allow_ips")]
    [TestCase("{name: rest, host: \"a.example\", upstream: trips}", "GET a.example/inside: the route 'rest' of 'web' has no allow_ips")]
    [TestCase("{name: rest, path_regex: \"/i.*\", upstream: trips}", null)]
    [TestCase("{name: rest, path_regex: \"/x.*\", host: b.example, upstream: trips}", "requests for b.example/x.*: the route 'rest' of 'web' has no allow_ips")]
    public async Task A_route_for_whatever_is_left_is_no_way_around_one_that_takes_all(string rest, string? failure)
    {
        var yaml = Gateway.Replace("        - {name: home,", string.Concat(rest.Split("}, ").Select(route => $"        - {route.TrimEnd('}')}}}\n")) + "        - {name: home,", StringComparison.Ordinal);
        var code = await RunAsync("- assert: {path: \"/inside/*\", requires: [allow_ips]}", yaml);
        Assert.That((code, _error.ToString()), Is.EqualTo((failure is null ? 0 : 1, "")), _out.ToString());
        Assert.That(_out.ToString(), failure is null ? Does.Contain("1 passed") : Does.Contain(failure));
    }

    [Test]
    public async Task What_a_file_of_tests_has_from_a_reference_is_not_shown()
    {
        var code = await RunAsync(
            "- {request: {url: \"http://a.example/trips/7?v=${env:TRIP_TOKEN}\", headers: {X-Own: \"${env:TRIP_TOKEN}\"}}, expect: {path: \"/${env:TRIP_TOKEN}\", sent: {X-Own: \"not ${env:TRIP_TOKEN}\", Authorization: Bearer x.y.z}}}\n" +
            "- {name: \"of ${env:TRIP_TOKEN}\", request: {url: \"http://a.example/trips/7?token=t1\"}, expect: {route: home}}\n" +
            "- {request: {url: \"ftp://a.example/${env:TRIP_TOKEN}?token=t1\"}, expect: {route: home}}");
        Assert.That((code, _error.ToString()), Is.EqualTo((1, "")));
        Assert.That(_out.ToString(), Does.Contain("path: expected /(secret)").And.Contain("X-Own: not (secret)").And.Contain("token=(secret)").And.Contain("FAILED  of (secret)"));
        Assert.That(_out.ToString(), Does.Not.Contain("hunter2").And.Not.Contain("x.y.z").And.Not.Contain("t1"));
    }

    [TestCase("optional", "auth (it is optional)")]
    [TestCase("shadow", "auth (it is in its shadow)")]
    public async Task What_does_not_act_proves_nothing(string how, string why)
    {
        var auth = how == "optional" ? "auth: {any: card, optional: true}" : "auth: card, shadow: auth";
        var yaml = "auth: {card: {external: {url: \"http://127.0.0.1:9/check\"}}}\n" + Gateway.Replace("upstream: secret, allow_ips: 10.0.0.0/8", $"upstream: secret, {auth}", StringComparison.Ordinal);
        Assert.That(await RunAsync("- assert: {path: \"/inside/*\", requires: [auth]}", yaml), Is.EqualTo(1));
        Assert.That(_out.ToString(), Does.Contain(why));
    }

    [Test]
    public async Task A_stand_in_for_an_error_is_a_way_around_policies()
    {
        var yaml = Gateway.Replace("allow_ips: 10.0.0.0/8", "allow_ips: 10.0.0.0/8, on_error: {403: {upstream: secret}, 502: {upstream: secret}}", StringComparison.Ordinal);
        Assert.That(await RunAsync("- assert: {upstream: secret, path: \"/inside/*\", requires: [allow_ips]}", yaml), Is.EqualTo(1));
        Assert.That(_out.ToString(), Does.Contain("on_error 403").And.Not.Contain("on_error 502"));
        Assert.That(await RunAsync("- assert: {path: \"/inside/*\", requires: [allow_ips]}", yaml), Is.EqualTo(1), "wherever it leads");
    }

    [TestCase("{listener: web, requires: [allow_ips, auth, require, rate_limit]}", null)]
    [TestCase("{requires: [tls]}", "the route 'login-a.example' of 'web' has no tls")]
    [TestCase("{path: /.lb/callback, requires: [auth]}", "GET a.example/.lb/callback: the route 'login-a.example' of 'web' has no auth")]
    [TestCase("{requires: [auth]}", "GET any.example/open: the route 'open' of 'web' has no auth", "{name: open, path: /open, upstream: u}")]
    public async Task Where_people_log_in_they_are_not_known_yet(string assertion, string? failure, string? more = null)
    {
        var code = await RunAsync($"- assert: {assertion}", $$"""
            listeners:
              web:
                bind: "127.0.0.1:0"
                http:
                  trusted_proxies: [10.0.0.0/8]
                  routes:
                    - {name: staff, host: a.example, path: "/*", upstream: u, auth: staff, require: {roles: [admin]}, allow_ips: 10.0.0.0/8, rate_limit: a}
                    {{(more is null ? "" : $"- {more}")}}
            auth: {staff: {oidc: {issuer: "https://login.example", client_id: lb} } }
            rate_limits: {a: {key: client_ip, limit: 5/min} }
            upstreams: {u: {endpoints: "10.0.0.1:80"} }

            """);
        Assert.That((code, _error.ToString()), Is.EqualTo((failure is null ? 0 : 1, "")), _out.ToString());
        Assert.That(_out.ToString(), failure is null ? Does.Contain("1 passed") : Does.Contain(failure));
    }

    [TestCase("rate_limit: a", 0)]
    [TestCase("rate_limit: a, shadow: rate_limit", 1)]
    [TestCase("auth: card", 1, Description = "a plan's limits are for those who have it")]
    public async Task A_limit_is_proved_where_the_route_names_it(string keys, int code)
    {
        var yaml = "auth: {card: {external: {url: \"http://127.0.0.1:9/check\"}}}\nplans: {default: {rate: 5/min}}\nrate_limits: {a: {key: client_ip, limit: 5/min}}\n"
            + Gateway.Replace("upstream: secret, allow_ips: 10.0.0.0/8", $"upstream: secret, {keys}", StringComparison.Ordinal);
        Assert.That(await RunAsync("- assert: {path: \"/inside/*\", requires: [rate_limit]}", yaml), Is.EqualTo(code));
    }

    [TestCase("allow_ips: 10.0.0.0/8", "allow_ips: [0.0.0.0/0, \"::/0\"]", "allow_ips")]
    [TestCase("upstream: secret, allow_ips: 10.0.0.0/8", "upstream: secret, auth: card, require: {}", "require")]
    public async Task What_lets_everybody_pass_proves_nothing(string strict, string loose, string word)
    {
        var yaml = "auth: {card: {external: {url: \"http://127.0.0.1:9/check\"}}}\n" + Gateway.Replace(strict, loose, StringComparison.Ordinal);
        Assert.That(await RunAsync($"- assert: {{path: \"/inside/*\", requires: [{word}]}}", yaml), Is.EqualTo(1));
    }

    [Test]
    public async Task A_tcp_listener_is_a_way_around_policies()
    {
        var yaml = Gateway.Replace("listeners:", "listeners:\n  raw: {bind: \"127.0.0.1:0\", tcp: secret}", StringComparison.Ordinal);
        Assert.That(await RunAsync("- assert: {upstream: secret, path: \"/inside/*\", requires: [allow_ips]}", yaml), Is.EqualTo(1), "it gives every path");
        Assert.That(await RunAsync("- assert: {upstream: secret, requires: [allow_ips]}", yaml), Is.EqualTo(1));
        Assert.That(_out.ToString(), Does.Contain("the tcp listener 'raw' leads there without allow_ips"));
    }

    [Test]
    public async Task Every_route_may_be_asked_for()
    {
        const string Test = "- {request: {url: \"http://a.example/\"}, expect: {route: home}}";
        Assert.That(await RunAsync(Test), Is.Zero);
        Assert.That(await RunAsync(Test, Gateway, "--every-route"), Is.EqualTo(1));
    }

    [TestCase("- {request: {url: x}}", "'request' and 'expect' belong together")]
    [TestCase("- {name: x}", "a test has either 'request' with 'expect', or 'assert'")]
    [TestCase("- {request: {url: x}, expect: {rout: x}}", "unknown key 'rout' in expect; did you mean 'route'?")]
    [TestCase("- {assert: {requires: [atuh]}}", "'requires' expects")]
    public async Task A_file_that_is_none_says_where(string test, string error)
    {
        Assert.That(await RunAsync(test), Is.EqualTo(2));
        Assert.That(_error.ToString(), Does.Contain("tests.yaml:3:").And.Contain(error));
    }

    [Test]
    public async Task A_request_that_is_none_fails_and_the_others_are_tested()
    {
        Assert.That(await RunAsync("- {request: {url: nonsense}, expect: {status: 200}}\n- {request: {url: \"http://a.example/\"}, expect: {route: home}}"), Is.EqualTo(1));
        Assert.That(_out.ToString(), Does.Contain("1 passed, 1 failed"));
    }

    [Test]
    public async Task Without_a_configuration_it_says_how_to_name_one()
    {
        _folder.With("tests.yaml", "tests:\n  - {assert: {requires: [auth]}}\n");
        Assert.That(await ShellAsync("test", _folder["tests.yaml"]), Is.EqualTo(2));
        Assert.That(_error.ToString(), Does.Contain("it names no configuration"));
    }

    private async Task<int> RunAsync(string tests, string gateway = Gateway, params string[] options)
    {
        _folder.With("lb.yaml", gateway);
        _folder.With("tests.yaml", $"config: lb.yaml\ntests:\n{string.Concat(tests.Split('\n').Select(line => $"  {line}\n"))}");
        return await ShellAsync(["test", _folder["tests.yaml"], .. options]);
    }

    private Task<int> ShellAsync(params string[] arguments) => new Shell(new Terminal(_out, _error, name => name == "TRIP_TOKEN" ? "hunter2hunter2" : null)).RunAsync(arguments);
}
