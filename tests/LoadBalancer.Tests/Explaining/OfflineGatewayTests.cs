using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Daemon.Tests.Configuration;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Tests.Authentication;

namespace LoadBalancer.Daemon.Tests.Explaining;

internal sealed class OfflineGatewayTests
{
    private const string Shop = """
        listeners:
          clear: {bind: ":80", http: {routes: [{name: health, path: /healthz, respond: readiness}, {name: old, path: /old, redirect: {to: "https://www.example.com/new", status: 308}}]}}
          inner:
            bind: ":8080"
            allow_ips: [10.0.0.0/8, 192.0.2.0/24]
            http:
              trusted_proxies: [10.0.0.0/8]
              limits: {body: 1KiB}
              routes:
                - {name: users, host: api.example.com, path: "/users/*", upstream: users, request_headers: {set: {X-Backend-Token: "${env:BACKEND_TOKEN}"}}}
                - {name: user, host: api.example.com, path: "/users/{id}", methods: [GET], upstream: users, rewrite: {path: "/v2/users/${path.id}"}}
                - {name: admin, host: api.example.com, path: "/admin/*", upstream: users, allow_ips: [10.0.0.0/8]}
                - {name: watched, host: api.example.com, path: "/watched", upstream: users, allow_ips: [10.0.0.0/8], shadow: [allow_ips]}
                - {name: shared, path: /shared, split: {to: {users: 90%, canary: 10%}, sticky: version}}
                - {name: found, path: /found, upstream: canary}
                - {name: copied, path: /copied, upstream: users, mirror: {upstream: canary, percent: 5%}}
        upstreams:
          users: {endpoints: ["10.0.1.10:8000", {address: "10.0.1.11:8000", weight: 0}, {address: "10.0.1.12:8000", backup: true}]}
          canary: {discover: {dns: "canary.invalid:80"}}

        """;

    [Test]
    public async Task The_text_tells_route_near_misses_endpoints_and_the_head_that_would_be_sent() => Assert.That(
        await TextAsync(new Question { Url = "http://api.example.com:8080/users/7?token=5", Headers = ["Cookie: session=1", "X-Debug: 1"] }),
        Is.EqualTo("""
            request    GET http://api.example.com:8080/users/7?token=(secret)
                       client 192.0.2.1, listener inner, host api.example.com, path /users/7
            route      user: host api.example.com, path /users/{id}, methods GET, HEAD
                       {id} is 7
                       not users: its path is less specific: /users/*, against /users/{id}
                       not admin: its path is /admin/*
                       not watched: its path is /watched
                       not shared: its path is /shared
                       not found: its path is /found
                       not copied: its path is /copied
            policies   rewrite  changed
            upstream   users, round_robin
            endpoints  10.0.1.10:8000  chosen
                       10.0.1.11:8000  left out: weight zero, the file gives it the weight 0
                       10.0.1.12:8000  left out: backup, it is a backup, and others are available
            sent       GET /v2/users/7?token=(secret) HTTP/1.1
                       Host: api.example.com:8080
                       Cookie: (secret)
                       X-Debug: 1
                       X-Forwarded-For: 192.0.2.1
                       X-Real-IP: 192.0.2.1
                       X-Forwarded-Proto: http
                       X-Forwarded-Port: 8080
                       X-Forwarded-Host: api.example.com:8080
                       X-Request-Id: (made anew for each request)
                       Via: 1.1 lb
                       traceparent: (made anew for each request)
            answer     the endpoint's: 10.0.1.10:8000
            assumed    every endpoint is taken to be up: this is the file, and not an lb that runs
            assumed    the client is 192.0.2.1, an address of the documentation's: --client says another

            """));

    [Test]
    public async Task The_text_tells_why_a_method_is_refused() => Assert.That(
        await TextAsync(new Question { Method = "POST", Url = "http://api.example.com:8080/users/7", Client = "10.1.1.1" }),
        Is.EqualTo("""
            request    POST http://api.example.com:8080/users/7
                       client 10.1.1.1, listener inner, host api.example.com, path /users/7
            route      none
                       not users: a more specific route has the path and not the method, and then no broader one is tried
                       not user: it takes GET, HEAD
                       not admin: its path is /admin/*
                       not watched: its path is /watched
                       not shared: its path is /shared
                       not found: its path is /found
                       not copied: its path is /copied
            answer     405 method_not_allowed
                       the most specific route that has the path does not take the method, and no broader one is tried
                       Content-Type: application/problem+json
                       Cache-Control: no-store
                       Allow: GET, HEAD

            """));

    [TestCase("http://api.example.com:8080/users/7", "GET", "forwarded", null, null, "user")]
    [TestCase("http://api.example.com:8080/admin/x", "GET", "refused", 403, "address_denied", "admin")]
    [TestCase("http://api.example.com:8080/watched", "GET", "forwarded", null, null, "watched")]
    [TestCase("http://other:8080/nothing", "GET", "refused", 404, "no_route", null)]
    [TestCase("http://api.example.com:8080/a%2fb", "GET", "refused", 400, "path_invalid", null)]
    [TestCase("http://api.example.com:8080/a b", "GET", "refused", 400, "request_invalid", null)]
    [TestCase("http://other:8080/found", "GET", "forwarded", null, null, "found")]
    [TestCase("http://other/healthz", "GET", "answered", 200, null, "health")]
    [TestCase("http://other/old", "GET", "answered", 308, null, "old")]
    public async Task Outcome_status_code_and_route(string url, string method, string outcome, int? status, string? code, string? route)
    {
        var explanation = await ExplainAsync(new Question { Url = url, Method = method });
        Assert.That((explanation.Answer.Outcome, explanation.Answer.Status, explanation.Answer.Code, explanation.Route?.Name), Is.EqualTo((outcome, status, code, route)));
    }

    [Test]
    public async Task A_policy_in_shadow_and_one_that_refuses_are_told_apart_and_the_rest_is_not_reached() => Assert.Multiple(async () =>
    {
        Assert.That(Policies(await ExplainAsync(new Question { Url = "http://api.example.com:8080/watched" })), Is.EqualTo((string[])["allow_ips would_refuse address_denied"]));
        Assert.That(Policies(await ExplainAsync(new Question { Url = "http://api.example.com:8080/admin/" })), Is.EqualTo((string[])["allow_ips refused address_denied"]));
        Assert.That(Policies(await ExplainAsync(new Question { Url = "http://api.example.com:8080/admin/", Client = "10.1.1.1" })), Is.EqualTo((string[])["allow_ips allowed "]));
    });

    [Test]
    public async Task A_client_that_may_not_connect_has_its_connection_closed()
    {
        var answer = (await ExplainAsync(new Question { Url = "http://api.example.com:8080/", Client = "198.51.100.1" })).Answer;
        Assert.That((answer.Outcome, answer.Status, answer.Code), Is.EqualTo(("closed", (int?)null, "address_denied")));
    }

    [Test]
    public async Task A_trusted_proxy_says_who_the_client_is()
    {
        var explanation = await ExplainAsync(new Question { Url = "http://api.example.com:8080/users/7", Client = "10.0.0.9", Headers = ["X-Forwarded-For: 203.0.113.7"] });
        Assert.That(explanation.Request.Client, Is.EqualTo("203.0.113.7"));
        Assert.That(explanation.Sent, Does.Contain("X-Real-IP: 203.0.113.7"));
    }

    [Test]
    public async Task A_body_that_is_too_large_is_refused_by_its_length()
    {
        var answer = (await ExplainAsync(new Question { Url = "http://api.example.com:8080/users/7/a", Method = "POST", Headers = ["Content-Length: 1025"] })).Answer;
        Assert.That((answer.Status, answer.Code), Is.EqualTo((413, "body_too_large")));
    }

    [Test]
    public async Task A_split_shows_its_shares_and_which_one_it_is()
    {
        var action = (await ExplainAsync(new Question { Url = "http://a:8080/shared" })).Actions[0];
        Assert.That(action.Shares.Select(share => (share.Upstream, share.Share)), Is.EqualTo(new[] { ("users", 0.9), ("canary", 0.1) }));
        Assert.That(action.Shares.Count(share => share.Chosen), Is.EqualTo(1));
    }

    [Test]
    public async Task Endpoints_that_a_discovery_would_find_are_not_known_and_that_is_said()
    {
        var upstream = (await ExplainAsync(new Question { Url = "http://a:8080/found" })).Upstream!;
        Assert.That((upstream.Endpoint, upstream.IsFixed, upstream.Endpoints.Count), Is.EqualTo(((string?)null, false, 0)));
        Assert.That(upstream.Notes, Has.Some.Contain("discovery"));
    }

    [Test]
    public async Task A_mirror_is_told_of() =>
        Assert.That((await ExplainAsync(new Question { Url = "http://a:8080/copied" })).Actions.Select(action => $"{action.Kind} {action.Detail}"), Is.EqualTo((string[])["mirror 5% of the requests are copied to canary", "upstream "]));

    [Test]
    public async Task A_secret_of_the_file_is_not_shown_and_no_credential_is()
    {
        var explanation = await ExplainAsync(new Question
        {
            Url = "http://api.example.com:8080/users/7/a?access_token=qs-secret", Method = "POST", Headers = ["Authorization: Bearer hd-secret", "X-API-Key: key-secret"],
        });
        var json = System.Text.Encoding.UTF8.GetString(ExplainJson.Format(explanation));
        Assert.That(explanation.Sent, Does.Contain("X-Backend-Token: (secret)").And.Contain("Authorization: (secret)"));
        Assert.That(json + new ExplainReport(explanation, colours: true).Print(), Does.Not.Contain("-secret"));
    }

    [Test]
    public async Task A_caller_can_be_assumed_whom_several_providers_know()
    {
        var options = ConfigFolder.OptionsOf("""
            listeners: {web: {bind: ":80", http: {upstream: up, defaults: {auth: {all: [keys, tokens]}, require: {claims: {sub: "${header.X-Company}"} } } } } }
            auth:
              keys: {jwt: {issuer: "https://c", audiences: [b], keys: "https://c/keys", algorithms: [RS256], header: X-Key, forward: {key_id: X-Key-Id} } }
              tokens: {jwt: {issuer: "https://a", audiences: [b], keys: "https://a/keys", algorithms: [RS256], forward: {company: X-Company, client_id: X-Program} } }
            upstreams: {up: {endpoints: "10.0.0.1:80"} }
            """);
        using var gateway = OfflineGateway.Build(options, TimeProvider.System);
        var question = new Question { Url = "http://a/", Headers = ["X-Company: acme"], Identity = "provider=keys,tokens,sub=acme,key_id=k1,company=acme,client_id=app" };

        var both = await gateway.ExplainAsync(question);
        Assert.That((both.Identity?.Provider, both.Answer.Outcome), Is.EqualTo(("keys", "forwarded")));
        Assert.That(both.Sent, Does.Contain("X-Key-Id: k1").And.Contain("X-Company: acme").And.Contain("X-Program: app"));
        Assert.That((await gateway.ExplainAsync(question with { Identity = "provider=keys,sub=acme,company=acme" })).Answer.Code, Is.EqualTo("claim_mismatch"));
        Assert.That(() => gateway.ExplainAsync(question with { Identity = "provider=keys,token,sub=acme" }), Throws.TypeOf<QuestionException>().With.Message.EndsWith("'token'; did you mean 'tokens'?"));
    }

    [Test]
    public async Task A_token_is_verified_only_where_the_issuer_may_be_asked_and_a_caller_can_be_assumed()
    {
        using var issuer = new TestIssuer();
        var options = ConfigFolder.OptionsOf($$"""
            listeners: {web: {bind: ":80", http: {upstream: up, defaults: {auth: riders, require: {roles: [rider]} } } } }
            auth:
              riders:
                jwt:
                  issuer: "{{issuer.Name}}"
                  audiences: [{{TestIssuer.Audience}}]
                  keys: "{{issuer.Url}}"
                  algorithms: [RS256]
                  forward: {sub: X-User, roles: X-Roles}
            upstreams: {up: {endpoints: "10.0.0.1:80"} }
            """);
        using var gateway = OfflineGateway.Build(options, TimeProvider.System);
        var question = new Question { Url = "http://a/", Headers = [$"Authorization: Bearer {issuer.Token("anna", "\"roles\":[\"rider\"]")}", "X-User: root"] };
        var unknown = await gateway.ExplainAsync(question);
        Assert.That((unknown.Answer.Status, unknown.Answer.Code, issuer.Fetches), Is.EqualTo((503, "provider_unavailable", 0)));
        Assert.That(unknown.Assumed, Has.Some.Contain("--fetch"));

        var assumed = await gateway.ExplainAsync(question with { Identity = "sub=ben,roles=rider,guest" });
        Assert.That((assumed.Identity?.Subject, assumed.Answer.Outcome, issuer.Fetches), Is.EqualTo(("ben", "forwarded", 0)));
        Assert.That(assumed.Sent.Where(line => line.StartsWith("X-User", StringComparison.Ordinal) || line.StartsWith("X-Roles", StringComparison.Ordinal)), Is.EqualTo((string[])["X-User: ben", "X-Roles: rider,guest"]));
        Assert.That((await gateway.ExplainAsync(question with { Identity = "sub=ben,roles=guest" })).Answer.Code, Is.EqualTo("role_missing"));

        gateway.Fetches = true;
        var known = await gateway.ExplainAsync(question);
        Assert.That((known.Identity?.Subject, known.Answer.Outcome, issuer.Fetches), Is.EqualTo(("anna", "forwarded", 1)));
        Assert.That(Policies(known), Is.EqualTo((string[])["auth allowed identified", "require allowed "]));
    }

    [Test]
    public async Task What_is_JSON_can_be_read_again()
    {
        var explanation = await ExplainAsync(new Question { Url = "http://api.example.com:8080/users/7" });
        var again = ExplainJson.Read<Explanation>(ExplainJson.Format(explanation));
        Assert.That(new ExplainReport(again, false).Print(), Is.EqualTo(new ExplainReport(explanation, false).Print()));
    }

    [Test]
    public async Task One_gateway_answers_many_questions_with_the_same_answers()
    {
        using var gateway = Build();
        var question = new Question { Url = "http://api.example.com:8080/users/7" };
        var first = new ExplainReport(await gateway.ExplainAsync(question), false).Print();
        for (var count = 0; count < 1000; count++)
        {
            Assert.That(new ExplainReport(await gateway.ExplainAsync(question), false).Print(), Is.EqualTo(first));
        }
    }

    [Test]
    public void Nothing_is_bound() => Assert.That(() =>
    {
        using var one = Build();
        using var other = Build();
    }, Throws.Nothing);

    private static OfflineGateway Build()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Shop);
        folder.Environment["BACKEND_TOKEN"] = "backend-secret";
        var loaded = folder.Load();
        Assert.That(loaded.Errors, Is.Empty);
        return OfflineGateway.Build(loaded.Options!, TimeProvider.System);
    }

    private static async Task<Explanation> ExplainAsync(Question question)
    {
        using var gateway = Build();
        return await gateway.ExplainAsync(question);
    }

    private static async Task<string> TextAsync(Question question) => new ExplainReport(await ExplainAsync(question), colours: false).Print();

    private static IEnumerable<string> Policies(Explanation explanation) => explanation.Policies.Select(policy => $"{policy.Policy} {policy.Verdict} {policy.Reason}");
}
