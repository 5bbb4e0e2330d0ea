using System.Globalization;
using System.Net;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Daemon.Tests.Scenarios.Identity;

namespace LoadBalancer.Daemon.Tests.Scenarios.Rideshare;

/// <summary>samples/rideshare: who may what, how often over two instances, and what services learn of it.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(120_000)]
internal sealed class RideshareSampleScenarios(Carrier carrier) : IOverCarriers
{
    private const string Forged = "X-User-Id: root\r\nx_user_roles: root\r\nX-User-Tier: root\r\nX-Partner: root\r\nX_Partner_Client: root\r\nX-Admin-Id: root\r\nx-admin-roles: root\r\n";

    private static RideshareSample Sample => RideshareSetUp.Sample;

    public Carrier Carrier => carrier;

    [TestCase("free", "POST /rider/trips/create", 5, "create-trip")]
    [TestCase("pro", "POST /rider/trips/create", 30, "create-trip")]
    [TestCase("partner", "POST /partner/trips/create", 100, "create-trip")]
    [TestCase("free", "GET /rider/pricing/est?from=row-free", 60, "estimate")]
    [TestCase("pro", "GET /rider/pricing/est?from=row-pro", 200, "estimate")]
    [TestCase("driver", "GET /driver/pricing/est?from=row-driver", 100, "estimate")]
    [TestCase("partner", "GET /partner/pricing/est?from=row-partner", 500, "estimate")]
    [TestCase("public", "GET /public/pricing/est?from=row-public", 20, "estimate")]
    [TestCase("public", "GET /public/cities", 60, "public")]
    [TestCase("driver", "PUT /driver/location", 120, "driver")]
    [TestCase("admin", "GET /trips/7", 1000, "admin")]
    public void A_row_of_the_table_is_what_a_caller_has_of_both_instances_together(string who, string request, int count, string limit)
    {
        var (fields, host, from) = who switch
        {
            "public" => ("", RideshareSample.Api, Sample.Client()),
            "driver" => (Sample.Driver(), RideshareSample.Api, null),

            // Those of the file, whose plan it says too: each carrier's own, since the other's minute may not be over.
            "partner" => (Sample.Partner(carrier == Carrier.Http1 ? "acme" : "globex"), RideshareSample.Api, null),
            "admin" => (Sample.Staff($"bea-{carrier}"), RideshareSample.Admin, RideshareSample.Office),
            _ => (Sample.Rider(who), RideshareSample.Api, (IPAddress?)null),
        };

        Assert.That(Sample.Ask(request, fields, count, host, from).Select(answer => answer.Status), Is.All.EqualTo(200), $"all {count}");
        for (var at = 0; at < RideshareSample.Instances; at++)
        {
            var refused = Sample.Ask(at, request, fields, host, from);
            LimitScenarios.IsProblem(refused, 429, "rate_limited");
            Assert.That(int.Parse(refused["Retry-After"]!, CultureInfo.InvariantCulture), Is.InRange(1, 60));
            Assert.That(refused["RateLimit-Policy"]!.Split(", "), Has.Member($"\"{limit}\";q={count};w=60"));
            Assert.That(refused["RateLimit"], Does.StartWith($"\"{limit}\";r=0;t="));
        }
    }

    [Test]
    public void A_driver_has_120_in_all_of_which_100_may_be_estimates()
    {
        var driver = Sample.Driver();
        Assert.That(Sample.Ask("GET /driver/pricing/est?from=all", driver, 100).Select(answer => answer.Status), Is.All.EqualTo(200));
        Assert.That(Sample.Ask(0, "GET /driver/pricing/est?from=all", driver).Status, Is.EqualTo(429));
        Assert.That(Sample.Ask("PUT /driver/location", driver, 20).Select(answer => answer.Status), Is.All.EqualTo(200), "a refused estimate is charged to nothing");
        Assert.That(Sample.Ask(0, "PUT /driver/location", driver).Status, Is.EqualTo(429));
    }

    [TestCase("/rider/pricing/est", "free", 60)]
    [TestCase("/partner/pricing/est", "partner", 500)]
    [TestCase("/public/pricing/est", "", 20)]
    public void T40_an_estimate_comes_from_memory_and_counts_all_the_same(string path, string who, int count)
    {
        var target = $"{path}?from={carrier}-{who}-";
        var from = who.Length == 0 ? Sample.Client() : null;
        var fields = who switch { "" => "", "partner" => Sample.Partner(), _ => Sample.Rider(who) };
        var answers = Enumerable.Range(0, 4).Select(_ => Sample.Ask(0, $"GET {target}", fields, from: from)).ToList();

        Assert.That(answers.Select(answer => (answer.Status, answer.Text)), Is.All.EqualTo((200, "pricing")));
        Assert.That(answers.Select(answer => answer["Cache-Status"]!.StartsWith("lb; hit", StringComparison.Ordinal)), Is.EqualTo(new[] { false, true, true, true }));
        Assert.That(answers.Select(answer => answer["RateLimit"]!.Split(';')[1]), Is.EqualTo(Enumerable.Range(1, 4).Select(used => $"r={count - used}")));
        Assert.That(Sample.Asked("pricing", target[(target.IndexOf('/', 1))..]), Has.Count.EqualTo(1));

        if (who == "free")
        {
            Assert.That(Sample.Ask(0, $"GET {target}", Sample.Rider("pro"))["Cache-Status"], Does.StartWith("lb; hit"), "a price is the same for everybody");
            Assert.That(Sample.Ask(0, $"GET {target}&utm=1", fields)["Cache-Status"], Does.StartWith("lb; hit"), "whatever else is in the query");
            Assert.That(Sample.Ask(0, $"GET {target}&to=there", fields)["Cache-Status"], Does.Not.Contain("hit"), "of one way");
        }
    }

    [TestCase("GET /rider/profile", "", 401, "credential_missing")]
    [TestCase("GET /rider/profile", "key", 401, "credential_missing")]
    [TestCase("GET /rider/profile", "audience", 401, "token_audience_wrong")]
    [TestCase("POST /rider/trips/create", "", 401, "credential_missing")]
    [TestCase("GET /rider/pricing/est", "", 401, "credential_missing")]
    [TestCase("GET /driver/location", "", 401, "credential_missing")]
    [TestCase("GET /driver/location", "rider", 403, "role_missing")]
    [TestCase("GET /driver/pricing/est", "rider", 403, "role_missing")]
    [TestCase("GET /public/../driver/location", "rider", 403, "role_missing")]
    [TestCase("POST /partner/trips/create", "", 401, "credential_missing")]
    [TestCase("POST /partner/trips/create", "token", 401, "credential_missing")]
    [TestCase("POST /partner/trips/create", "key", 401, "credential_missing")]
    [TestCase("POST /partner/trips/create", "key and a rider's token", 401, "token_inactive")]
    [TestCase("POST /partner/trips/create", "token and no key of ours", 401, "api_key_unknown")]
    [TestCase("GET /partner/pricing/est", "key", 401, "credential_missing")]
    [TestCase("GET /partner/fleet", "token", 401, "credential_missing")]
    [TestCase("GET /partner/fleet", "key and a token for reports", 403, "scope_missing")]
    [TestCase("GET /partner/fleet", "another company's key", 403, "claim_mismatch")]
    [TestCase("GET /partner/pricing/est", "another company's key", 403, "claim_mismatch")]
    [TestCase("POST /partner/trips/create", "another company's key", 403, "claim_mismatch")]
    [TestCase("POST /partner/trips/create", "key and a token of no company", 403, "claim_mismatch")]
    [TestCase("POST /public/profile", "", 405, "method_not_allowed")]
    [TestCase("GET /rider/trips/create", "rider", 405, "method_not_allowed")]
    [TestCase("GET /trips/42/track", "", 401, "credential_missing")]
    [TestCase("GET /trips/42", "rider", 404, "no_route")]
    public void Whoever_may_not_is_told_why_and_no_service_is_asked(string request, string with, int status, string code)
    {
        var before = Everything();
        var response = Sample.Ask(1, request, with switch
        {
            "rider" => Sample.Rider("pro"),
            "audience" => Sample.Bearer("\"tier\":\"pro\"", audience: "another.example"),
            "key" => Sample.Key("globex"),
            "token" => RideshareSample.Token("globex"),
            "key and a rider's token" => Sample.Key("globex") + Sample.Rider("pro"),
            "another company's key" => Sample.Key("acme") + RideshareSample.Token("globex"),
            "key and a token of no company" => Sample.Key("globex") + "X-Partner: globex\r\n" + RideshareSample.Token(""),
            "token and no key of ours" => RideshareSample.Token("globex") + "X-API-Key: lbk_k1_x\r\n",
            "key and a token for reports" => Sample.Key("globex") + RideshareSample.Token("globex", "reports"),
            _ => "",
        });
        LimitScenarios.IsProblem(response, status, code);
        Assert.That(Everything(), Is.EqualTo(before));
    }

    [TestCase("rider", "GET /rider/profile", "riders", "GET /profile", "X-User-Id=user,X-User-Roles=rider,X-User-Tier=pro")]
    [TestCase("driver", "PUT /driver/location", "drivers", "PUT /location", "X-User-Id=user,X-User-Roles=rider,driver,X-User-Tier=driver")]
    [TestCase("partner", "GET /partner/fleet", "partners", "GET /fleet", "X-Partner=globex,X-Partner-Client=globex-app")]
    [TestCase("public", "GET /public/cities", "public", "GET /cities", "")]
    [TestCase("admin", "GET /pricing/surge", "pricing", "GET /surge", "X-Admin-Id=ada,X-Admin-Roles=admin")]
    public void A_service_learns_who_calls_from_lb_and_from_nobody_else(string who, string request, string service, string arrives, string identity)
    {
        // Each sends all that it could have: what the route does not ask for is no service's either.
        var fields = who switch
        {
            "driver" => Sample.Driver() + Sample.Key("acme"),
            "partner" => Sample.Partner("globex"),
            "admin" => Sample.Staff("ada") + Sample.Rider("pro") + Sample.Key("acme"),
            "public" => Sample.Staff("ada") + Sample.Rider("pro") + Sample.Key("acme"),
            _ => Sample.Rider("pro") + Sample.Key("acme"),
        };
        var (host, from) = who == "admin" ? (RideshareSample.Admin, RideshareSample.Office) : (RideshareSample.Api, (IPAddress?)null);
        Assert.That(Sample.Ask(0, request + $"?who={carrier}", Forged + fields, host, from).Status, Is.EqualTo(200));

        var seen = Sample.Asked(service, arrives + $"?who={carrier}").Single();
        var told = string.Join(',', new[] { "X-User-Id", "X-User-Roles", "X-User-Tier", "X-Partner", "X-Partner-Client", "X-Admin-Id", "X-Admin-Roles" }
            .Where(name => seen[name] is not null).Select(name => $"{name}={seen[name]!.TrimEnd("0123456789".ToCharArray())}"));
        Assert.That(told, Is.EqualTo(identity));
        Assert.That(seen.Fields, Has.None.Contains("root"));
        Assert.That((seen["Authorization"], seen["X-API-Key"], seen["Cookie"]), Is.EqualTo(((string?)null, (string?)null, (string?)null)), "no credential leaves lb");
    }

    [Test]
    public void A_trip_is_followed_over_a_WebSocket_by_whoever_has_a_token()
    {
        using var open = Sample.Connect(0);
        Assert.That(RideshareSample.Track(open, Sample.Rider("free")).Status, Is.EqualTo(101));
        RideshareSample.Echoes(open, "where are you?");
        using var stranger = Sample.Connect(1);
        LimitScenarios.IsProblem(RideshareSample.Track(stranger, ""), 401, "credential_missing");
        using var partner = Sample.Connect(1);
        LimitScenarios.IsProblem(RideshareSample.Track(partner, Sample.Key("acme")), 401, "credential_missing");
    }

    [Test]
    public void Staff_comes_in_with_a_second_factor_and_the_role_and_is_known_to_both_instances()
    {
        foreach (var claims in new[] { "\"roles\":[\"admin\"]", "\"amr\":[\"pwd\"],\"roles\":[\"admin\"]" })
        {
            var one = Sample.LogIn("eve", claims, out var refused);
            LimitScenarios.IsProblem(refused, 403, "claim_mismatch");
            Assert.That(one.Get("/riders/7").Status, Is.EqualTo(302), "and is sent to log in again");
        }

        var guest = Sample.LogIn("gus", "\"amr\":[\"pwd\",\"mfa\"],\"roles\":[\"guest\"]", out _);
        LimitScenarios.IsProblem(guest.Get("/riders/7"), 403, "role_missing");

        var staff = Sample.LogIn("ada", "\"amr\":[\"pwd\",\"mfa\"],\"roles\":[\"admin\"]", out var back);
        Assert.That((back.Status, back["Location"]), Is.EqualTo((303, "/riders/7")));
        for (var at = 0; at < RideshareSample.Instances; at++)
        {
            var there = new TestBrowser(() => Sample.Connect(at, RideshareSample.Admin, RideshareSample.Office)) { Host = RideshareSample.Admin, Cookies = staff.Cookies };
            Assert.That(new[] { "riders", "drivers", "partners", "trips", "pricing" }.Select(service => there.Get($"/{service}/7").Text), Is.EqualTo(new[] { "riders", "drivers", "partners", "trips", "pricing" }));
        }

        var elsewhere = new TestBrowser(() => Sample.Connect(0, RideshareSample.Admin, Sample.Client())) { Host = RideshareSample.Admin, Cookies = staff.Cookies };
        LimitScenarios.IsProblem(elsewhere.Get("/riders/7"), 403, "address_denied");
        LimitScenarios.IsProblem(elsewhere.Get("/.lb/callback?code=a&state=b"), 403, "address_denied");
        LimitScenarios.IsProblem(Sample.Ask(0, "GET /riders/7", Sample.Driver(), RideshareSample.Admin, RideshareSample.Office), 401, "credential_missing");
        Assert.That(Sample.Ask(0, "GET /rider/profile", Sample.Staff("ada")).Status, Is.EqualTo(401), "nor is a session of staff worth anything to the apps");
    }

    [Test]
    public void Whoever_probes_the_port_is_told_that_lb_is_ready() =>
        Assert.That(Enumerable.Range(0, RideshareSample.Instances).Select(at => Sample.Ask(at, "GET /lb-ready").Status), Is.All.EqualTo(200));

    private static int Everything() => RideshareSample.Services.Sum(service => Sample.Asked(service, " /").Count(request => !request.FirstLine.Contains("/healthz", StringComparison.Ordinal)));
}
