using System.Net;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class CrossChecksTests
{
    private const string Upstream = """upstreams: {web: {endpoints: ["10.0.0.1:80"]}}""";

    [TestCase("{upstream: wbe}", "lb.yaml:2:38: no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("wbe", "lb.yaml:2:27: no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("other", "lb.yaml:2:27: no upstream is called 'other'")]
    public void An_upstream_that_a_listener_names_is_defined(string tcp, string error) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: \":8080\", tcp: {tcp}}}\n{Upstream}"), Is.EqualTo(new[] { error }));

    [TestCase("{sni: {a.example: wbe}}", "lb.yaml:2:45: no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("{sni: {A.example: wbe}}", "lb.yaml:2:45: no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("{sni: {a.example: web}, otherwise: wbe}", "lb.yaml:2:62: no upstream is called 'wbe'; did you mean 'web'?")]
    [TestCase("{sni: {a.example: web}, upstream: web}", "lb.yaml:2:28: 'tcp' has either 'upstream' or 'sni'; for the connections that no name leads on there is 'otherwise'")]
    [TestCase("{upstream: web, otherwise: close}", "lb.yaml:2:43: 'otherwise' means something only with 'sni'")]
    [TestCase("{otherwise: web}", "lb.yaml:2:27: 'tcp' needs the key 'upstream': the name of an upstream, or the key 'sni': a map of them by host")]
    [TestCase("{}", "lb.yaml:2:27: 'tcp' needs the key 'upstream': the name of an upstream, or the key 'sni': a map of them by host")]
    [TestCase("{sni: {}}", "lb.yaml:2:33: 'sni' needs at least one entry: a map from a host to the name of an upstream")]
    [TestCase("{sni: web}", "lb.yaml:2:33: 'sni' expects a map from a host to the name of an upstream, not 'web'")]
    [TestCase("{sni: {a.example: web, A.Example: web}}", "lb.yaml:2:50: 'A.Example' stands twice in 'sni': upper and lower case are the same")]
    [TestCase("{sni: {10.0.0.1: web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not '10.0.0.1'; clients do not ask for an IP address")]
    [TestCase("{sni: {\"*\": web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not '*'; for every other name there is 'otherwise'")]
    [TestCase("{sni: {\"a.*.example\": web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not 'a.*.example'; '*' may only be the whole first label, as in \"*.example.org\"")]
    [TestCase("{sni: {a.example.: web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not 'a.example.'; write \"a.example\"")]
    [TestCase("{sni: {b\u00fccher.example: web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not 'b\u00fccher.example'; write its ASCII form, which begins with xn--")]
    [TestCase("{sni: {a b: web}}", "lb.yaml:2:34: a key of 'sni' is a host such as api.example.com, not 'a b'")]
    public void A_listener_leads_by_one_rule_and_to_hosts_that_there_can_be(string tcp, string error) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: \":8080\", tcp: {tcp}}}\n{Upstream}"), Is.EqualTo(new[] { error }));

    [Test]
    public void An_upstream_that_only_a_name_leads_to_is_used()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners: {a: {bind: ":1", tcp: {sni: {IMAP.example.com: a, "*.example.org": b}, otherwise: c}}}
            upstreams: {a: {endpoints: "10.0.0.1:80"}, b: {endpoints: "10.0.0.1:80"}, c: {endpoints: "10.0.0.1:80"}}
            """);
        Assert.That(folder.Errors(), Is.Empty);
        Assert.That(folder.Load().Warnings.Select(each => each.Message), Is.Empty);
    }

    [Test]
    public void A_name_that_a_reference_stands_for_is_not_shown()
    {
        using var folder = new ConfigFolder().With("lb.yaml", "listeners: {a: {bind: \":1\", tcp: \"${env:NAME}\"}}\n" + Upstream);
        folder.Environment["NAME"] = "hunter2";

        Assert.That(folder.Errors(), Is.EqualTo(new[] { "lb.yaml:1:34: no upstream is called '${env:NAME}'" }));
    }

    [Test]
    public void An_upstream_with_an_error_of_its_own_is_still_defined() =>
        Assert.That(ConfigFolder.ErrorsOf("listeners: {a: {bind: \":1\", tcp: web}}\nupstreams: {web: {endpoints: [x]}}"), Has.Length.EqualTo(1));

    [TestCase("\":80\"", "\":80\"")]
    [TestCase("\":80\"", "\"0.0.0.0:80\"")]
    [TestCase("\"[::]:80\"", "[\":81\", \"[::]:80\"]")]
    [TestCase("unix:/run/a", "unix:/run/a")]
    public void Two_listeners_do_not_share_an_address(string first, string second) =>
        Assert.That(
            ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: {first}, tcp: web}}\n  b: {{bind: {second}, tcp: web}}\n{Upstream}").Single(),
            Does.StartWith("lb.yaml:3:").And.EndsWith("is taken already by the listener 'a'"));

    [Test]
    public void One_listener_does_not_bind_an_address_twice() =>
        Assert.That(
            ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: [\":80\", \":80\"], tcp: web}}\n{Upstream}"),
            Is.EqualTo(new[] { "lb.yaml:2:21: the address ':80' is taken already by the listener 'a'" }));

    [Test]
    public void Every_IPv4_address_and_every_IPv6_address_are_two() =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: [\":80\", \"[::]:80\"], tcp: web}}}}\n{Upstream}"), Is.Empty);

    [Test]
    public void Port_0_is_a_free_port_as_often_as_it_is_asked_for() =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: [\"127.0.0.1:0\", \"127.0.0.1:0\"], tcp: web}}}}\n{Upstream}"), Is.Empty);

    [Test]
    public void The_admin_listener_has_an_address_of_its_own() => Assert.Multiple(() =>
    {
        const string Listener = "listeners:\n  a: {bind: \"127.0.0.1:9090\", tcp: web}\n" + Upstream;
        Assert.That(ConfigFolder.ErrorsOf(Listener), Is.EqualTo(new[] { "lb.yaml:2:13: the address '127.0.0.1:9090' is taken already by the default of admin.bind" }));
        Assert.That(
            ConfigFolder.ErrorsOf(Listener + "\nadmin: {bind: \"127.0.0.1:9090\"}"),
            Is.EqualTo(new[] { "lb.yaml:4:15: the address '127.0.0.1:9090' is taken already by the listener 'a'" }));
        Assert.That(ConfigFolder.ErrorsOf(Listener + "\nadmin: {bind: off}"), Is.Empty);
    });

    [TestCase("allow_ips: [10.1.0.0/16, 10.0.0.1], deny_ips: 10.0.0.0/8", "lb.yaml:1:50: no client may connect to the listener 'a': deny_ips has all that allow_ips has")]
    [TestCase("allow_ips: [\"::ffff:10.0.0.1\"], deny_ips: [192.0.2.0/24, 10.0.0.1]", "lb.yaml:1:50: no client may connect to the listener 'a': deny_ips has all that allow_ips has")]
    [TestCase("allow_ips: 10.1.2.3/8", "lb.yaml:1:50: 'allow_ips' expects none or a network or an IP address such as 10.0.0.0/8, or a list of them, not '10.1.2.3/8'; bits behind the first 8 are set; the network is 10.0.0.0/8, the address alone is 10.1.2.3")]
    public void Some_client_may_connect(string keys, string error) => Assert.That(ConfigFolder.ErrorsOf(Admitting(keys)), Is.EqualTo(new[] { error }));

    [TestCase("allow_ips: [10.0.0.1, 192.0.2.0/24], deny_ips: 10.0.0.0/8", "lb.yaml:1:51: '10.0.0.1' is denied by deny_ips, so allowing it does nothing")]
    [TestCase("max_connections: 10, max_connections_per_client: 11", "lb.yaml:1:88: max_connections_per_client is above max_connections of the listener 'a', 10, so one client can take all of them")]
    public void What_can_do_nothing_is_a_warning(string keys, string warning)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Admitting(keys));

        Assert.That(folder.Lines(folder.Load().Warnings), Is.EqualTo(new[] { warning }));
    }

    [TestCase("""["10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"]""", "lb.yaml:3:61: the address '10.0.0.1:80' stands twice in the upstream 'web'; give one endpoint a higher weight instead")]
    [TestCase("""["10.0.0.1:80", {weight: 2, address: "10.0.0.1:80"}]""", "lb.yaml:3:67: the address '10.0.0.1:80' stands twice in the upstream 'web'; give one endpoint a higher weight instead")]
    [TestCase("""["10.0.0.1:80", "[::ffff:10.0.0.1]:80"]""", "lb.yaml:3:46: the address '[::ffff:10.0.0.1]:80' stands twice in the upstream 'web'; give one endpoint a higher weight instead")]
    public void An_endpoint_stands_once_in_an_upstream(string endpoints, string error) =>
        Assert.That(ConfigFolder.ErrorsOf(Endpoints(endpoints)), Is.EqualTo(new[] { error }));

    [Test]
    public void An_endpoint_may_serve_two_upstreams() => Assert.That(
        ConfigFolder.ErrorsOf("""
            listeners: {a: {bind: ":1", tcp: a}, b: {bind: ":2", tcp: b}}
            upstreams: {a: {endpoints: "10.0.0.1:80"}, b: {endpoints: "10.0.0.1:80"}}
            """),
        Is.Empty);

    [Test]
    public void Some_endpoint_has_a_weight() => Assert.Multiple(() =>
    {
        Assert.That(
            ConfigFolder.ErrorsOf(Endpoints("""[{address: "10.0.0.1:80", weight: 0}, {address: "10.0.0.2:80", weight: 0, backup: true}]""")),
            Is.EqualTo(new[] { "lb.yaml:3:30: every endpoint of the upstream 'web' has weight 0, so none gets a connection" }));
        Assert.That(ConfigFolder.ErrorsOf(Endpoints("""[{address: "10.0.0.1:80", weight: 0}, "10.0.0.2:80"]""")), Is.Empty);
    });

    [TestCase("{}")]
    [TestCase("{discover: none}")]
    [TestCase("{balance: hash}")]
    public void An_upstream_has_endpoints_or_looks_them_up(string upstream) => Assert.That(
        ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams:\n  web: {upstream}"),
        Is.EqualTo(new[]
        {
            "lb.yaml:3:8: the upstream 'web' has neither 'endpoints' nor 'discover': list its endpoints, or look them up with discover: {dns: \"web.internal:8000\"}",
        }));

    [TestCase("{discover: {dns: \"orders.internal:8000\"}}")]
    [TestCase("{discover: {dns: \"orders:8000\", resolver: 10.0.0.2, weight: 3, min_interval: 5s}, endpoints: \"10.0.0.1:80\"}")]
    [TestCase("{discover: {dns: \"_orders._tcp.internal.:8000\", resolver: [10.0.0.2, \"[::1]:5353\", \"::1\"]}, endpoints: {address: \"10.0.0.1:80\", weight: 0}}")]
    public void An_upstream_may_do_either_or_both(string upstream) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams:\n  web: {upstream}"), Is.Empty);

    [TestCase("10.0.0.1:80", "this is an address already: write it in 'endpoints'")]
    [TestCase("\"[::1]:80\"", "this is an address already: write it in 'endpoints'")]
    [TestCase("10.0.0.300:80", "a name has letters, digits, '-', '_' and dots, at most 63 characters between two dots and 253 in all")]
    [TestCase("orders.internal", "add the port: \"orders.internal:8000\"")]
    [TestCase("orders.internal:0", "a port is 1 to 65535")]
    [TestCase("orders.internal:99999", "a port is 1 to 65535")]
    [TestCase("http://orders.internal:80", "leave the scheme out")]
    [TestCase("zürich.example:80", "write the name as DNS has it: \"xn--zrich-kva.example:80\"")]
    [TestCase("a..b:80", "a name has letters, digits, '-', '_' and dots, at most 63 characters between two dots and 253 in all")]
    public void What_is_looked_up_is_a_name_with_a_port(string dns, string advice) => Assert.That(
        ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams: {{web: {{discover: {{dns: {dns}}}}}}}").Single(),
        Does.Contain("'dns' expects a name with a port such as \"orders.internal:8000\", not '").And.EndsWith($"; {advice}"));

    [TestCase("ns.internal", "names are not looked up here; write the IP address")]
    [TestCase("unix:/run/dns", "a name server is asked over UDP and TCP")]
    [TestCase("0.0.0.0", null)]
    public void A_name_server_is_an_IP_address(string resolver, string? advice) => Assert.That(
        ConfigFolder.ErrorsOf($"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams: {{web: {{discover: {{dns: \"a:1\", resolver: {resolver}}}}}}}").Single(),
        Does.Contain("'resolver' expects the IP address of a name server").And.EndsWith(advice ?? ""));

    [TestCase("\"127.0.0.1:8080\"")]
    [TestCase("[\"10.0.0.1:80\", \"[::ffff:127.0.0.1]:8080\"]")]
    [TestCase("\"10.0.0.7:9\"")]
    [TestCase("unix:/run/a")]
    public void A_listener_does_not_lead_to_itself(string endpoints) => Assert.That(
        ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: [\":8080\", \"10.0.0.7:9\", unix:/run/a], tcp: web}}\nupstreams: {{web: {{endpoints: {endpoints}}}}}").Single(),
        Does.StartWith("lb.yaml:3:").And.EndsWith("is the listener 'a' itself"));

    [TestCase("\":8080\"", "localhost:8080")]
    [TestCase("\"127.0.0.1:8080\"", "LocalHost.:8080")]
    [TestCase("[\"[::1]:8080\", \"127.0.0.1:8080\"]", "localhost:8080")]
    public void A_listener_does_not_lead_to_itself_by_the_name_of_every_machine(string bind, string dns) => Assert.That(
        ConfigFolder.ErrorsOf(Discovering(bind, dns)), Is.EqualTo(new[] { $"lb.yaml:2:35: '{dns}' is the listener 'a' itself" }));

    [TestCase("\"[::]:8080\"", "localhost:8080")]
    [TestCase("\"[::1]:8080\"", "localhost.:8080")]
    [TestCase("\":8080\"", "${env:HOSTNAME}:8080")]
    [TestCase("[\":80\", \"[::]:8080\"]", "${env:HOSTNAME}:8080")]
    public void A_listener_that_may_lead_to_itself_by_a_name_is_a_warning(string bind, string dns)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Discovering(bind, dns.Replace("${env:HOSTNAME}", Dns.GetHostName(), StringComparison.Ordinal)));
        Assert.That(folder.Errors(), Is.Empty);
        Assert.That(folder.Lines(folder.Load().Warnings).Single(), Does.StartWith("lb.yaml:2:35: '").And.EndsWith(":8080' is a name of this machine, and may be the listener 'a' itself"));
    }

    [TestCase("\":8081\"", "localhost:8080")]
    [TestCase("\"10.0.0.1:8080\"", "localhost:8080")]
    [TestCase("\"127.0.0.2:8080\"", "localhost:8080")]
    [TestCase("\"127.0.0.1:8080\"", "${env:HOSTNAME}:8080")]
    [TestCase("\":8080\"", "localhost.example:8080")]
    [TestCase("\":8080\"", "orders:8080")]
    public void A_name_of_another_address_or_machine_is_fine(string bind, string dns)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Discovering(bind, dns.Replace("${env:HOSTNAME}", Dns.GetHostName(), StringComparison.Ordinal)));
        Assert.That(folder.Errors(), Is.Empty);
        Assert.That(folder.Load().Warnings, Is.Empty);
    }

    [Test]
    public void One_listener_may_lead_to_another() => Assert.That(
        ConfigFolder.ErrorsOf("""
            listeners: {a: {bind: ":8080", tcp: b}, b: {bind: ":8081", tcp: c}}
            upstreams: {b: {endpoints: "127.0.0.1:8081", discover: {dns: "localhost:8081"}}, c: {endpoints: "127.0.0.1:8082"}}
            """),
        Is.Empty);

    [Test]
    public void Of_ten_thousand_endpoints_and_five_thousand_listeners_the_one_that_leads_to_itself_is_found()
    {
        var listeners = string.Concat(Enumerable.Range(0, 5000).Select(number => $"  l{number}: {{bind: \":{10_000 + number}\", tcp: many}}\n"));
        var endpoints = string.Concat(Enumerable.Range(0, 10_000).Select(number => $"    - \"10.0.{number / 250}.{number % 250}:10000\"\n"));
        var errors = ConfigFolder.ErrorsOf($"listeners:\n{listeners}upstreams:\n  many:\n    endpoints:\n{endpoints}    - \"127.0.0.1:14999\"\n");
        Assert.That(errors, Is.EqualTo(new[] { "lb.yaml:15005:7: the endpoint '127.0.0.1:14999' is the listener 'l4999' itself" }));
    }

    [TestCase("\"[::1]:8080\"", Description = "the listener is of IPv4 alone")]
    [TestCase("\"127.0.0.1:8081\"")]
    [TestCase("\"10.0.0.1:8080\"")]
    public void A_listener_may_lead_to_another_address_of_this_machine(string endpoints) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners:\n  a: {{bind: \":8080\", tcp: web}}\nupstreams: {{web: {{endpoints: {endpoints}}}}}"), Is.Empty);

    [Test]
    public void What_is_hardly_meant_is_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners: {a: {bind: ":1", tcp: a}}
            upstreams:
              a: {endpoints: "10.0.0.1:80", hash: {on: client_ip}}
              b: {endpoints: "10.0.0.1:80"}
            """);

        Assert.That(folder.Lines(folder.Load().Warnings), Is.EqualTo(new[]
        {
            "lb.yaml:3:33: 'hash' means something only with 'balance: hash', and the upstream 'a' has 'balance: round_robin'",
            "lb.yaml:4:3: no listener leads to the upstream 'b'",
        }));
    }

    [Test]
    public void What_does_nothing_here_is_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners: {a: {bind: ":1", tcp: a}, b: {bind: ":2", tcp: b}}
            upstreams:
              a:
                endpoints: "10.0.0.1:80"
                balance: hash
                slow_start: 30s
                health: {panic: 30%}
                max_pending: 10
                pending_timeout: 5s
              b: {endpoints: "10.0.0.2:80", slow_start: 30s, health: {panic: 30%, active: {}}, max_connections: 3, max_pending: 10}
            """);

        Assert.That(folder.Lines(folder.Load().Warnings), Is.EqualTo(new[]
        {
            "lb.yaml:6:5: 'slow_start' does nothing with 'balance: hash', which the upstream 'a' has: a ramp would move its keys again and again",
            "lb.yaml:7:14: 'panic' means something only with probes, and the upstream 'a' has none: give it 'active'",
            "lb.yaml:8:5: 'max_pending' means something only with 'max_connections', 'max_requests' or 'concurrency', of which the upstream 'a' has none: nobody ever waits",
            "lb.yaml:9:5: 'pending_timeout' means something only with 'max_connections', 'max_requests' or 'concurrency', of which the upstream 'a' has none: nobody ever waits",
        }));
    }

    [Test]
    public void Bounds_of_requests_are_for_requests_and_importance_is_for_those_who_wait()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners:
              t: {bind: ":1", tcp: a}
              h: {bind: ":2", http: {routes: [{path: /b, upstream: b, shed: low}, {path: /c, upstream: c, shed: high}, {path: /both, split: {to: {b: 50%, c: 50%}}, shed: low}]}}
            upstreams:
              a: {endpoints: "10.0.0.1:80", concurrency: auto}
              b: {endpoints: "10.0.0.2:80"}
              c: {endpoints: "10.0.0.3:80", max_requests: 9}
            """);

        var loaded = folder.Load();
        Assert.That(loaded.Errors, Is.Empty);
        Assert.That(folder.Lines(loaded.Warnings).Order(StringComparer.Ordinal), Is.EqualTo(new[]
        {
            "lb.yaml:3:59: 'shed' says who is refused first where requests wait, and nobody ever waits at the upstream 'b': 'concurrency', 'max_requests' and 'max_connections' are bounds",
            "lb.yaml:5:33: 'concurrency' counts requests, and only tcp listeners lead to the upstream 'a': on tcp 'max_connections' bounds what is open at each endpoint",
        }));
    }

    [Test]
    public void A_retry_or_an_ejection_that_never_comes_is_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners:
              a:
                bind: ":1"
                http:
                  routes:
                    - {path: /a, upstream: a, timeout: 1s, retry: {attempts: 1, on: [503], idempotency_key: required}}
                    - {path: /b, upstream: a, timeout: 1s, retry: {hedge_after: 2s, per_try: 2s, budget: 0%}}
                    - {path: /c, upstream: a, timeout: 9s, retry: {on: [connect], idempotency_key: required, per_try: 2s}}
                    - {path: /d, upstream: a, timeout: 9s, retry: {on: [503], hedge_after: 1s, per_try: 2s}}
            upstreams:
              a: {endpoints: ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"], health: {passive: {max_ejected: 20%}}}
            """);

        Assert.That(folder.Lines(folder.Load().Warnings).Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]), Is.EquivalentTo(new[]
        {
            "'attempts: 1' is the first try alone, so that 'on' and 'hedge_after' do nothing",
            "with 'budget: 0%' nothing is tried again that an endpoint may have seen, whatever 'on' and 'hedge_after' say",
            "'hedge_after' is not shorter than 'per_try': the first try has ended by then",
            "'hedge_after' is not shorter than the route's 'timeout': the request has ended by then",
            "'per_try' is not shorter than the route's 'timeout': the request has ended by then",
            "'idempotency_key' means something only with other reasons than connect in 'on', or with 'hedge_after'",
            "'max_ejected' is rounded down, and of the 3 endpoints of the upstream 'a' that is none: write 34% or more, or 'passive: off'",
        }));
    }

    [Test]
    public void HTTP2_is_for_requests_and_for_many_clients_at_once()
    {
        Assert.That(ConfigFolder.ErrorsOf("""
            listeners: {a: {bind: ":1", http: a}, b: {bind: ":2", tcp: b}}
            upstreams:
              a: {endpoints: "10.0.0.1:80", protocol: grpc, send_proxy_protocol: v2}
              b: {endpoints: "10.0.0.2:80", protocol: http2}
            """), Is.EqualTo(new[]
        {
            "lb.yaml:3:49: 'send_proxy_protocol' cannot be with 'protocol: grpc', which the upstream 'a' has: one connection carries the requests of many clients, and the header names one. " +
            "The endpoint learns who the client is from X-Forwarded-For",
            "lb.yaml:4:33: 'protocol: http2' cannot be where the tcp listener 'b' leads to the upstream 'b': on tcp the bytes of the client go to the endpoint as they are. " +
            "Give the listener 'http' instead, or leave 'protocol' out",
        }));
        Assert.That(ConfigFolder.ErrorsOf("""
            listeners: {a: {bind: ":1", http: a}, b: {bind: ":2", tcp: b}}
            upstreams:
              a: {endpoints: "10.0.0.1:80", protocol: auto, send_proxy_protocol: v2}
              b: {endpoints: "10.0.0.2:80", protocol: http1, send_proxy_protocol: v1}
            """), Is.Empty);
    }

    [Test]
    public void An_error_is_no_cause_of_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners: {a: {bind: ":1", tcp: []}}
            upstreams: {a: {endpoints: "10.0.0.1:80", balance: hsah, hash: {on: client_ip}}}
            """);

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(result.Errors, Has.Count.EqualTo(2));
            Assert.That(result.Warnings, Is.Empty);
        });
    }

    private static string Admitting(string keys) => $"listeners: {{a: {{bind: \":1\", tcp: web, {keys}}}}}\n{Upstream}";

    private static string Discovering(string bind, string dns) =>
        $"listeners: {{a: {{bind: {bind}, tcp: web}}}}\nupstreams: {{web: {{discover: {{dns: \"{dns}\"}}}}}}";

    private static string Endpoints(string endpoints) => $"listeners:\n  a: {{bind: \":8080\", tcp: web}}\nupstreams: {{web: {{endpoints: {endpoints}}}}}";
}
