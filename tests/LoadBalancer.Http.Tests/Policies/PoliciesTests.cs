using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>The policies of the catalogue, each through a chain of its own.</summary>
internal sealed class PoliciesTests
{
    [TestCase("198.51.100.7", "198.51.100.0/24", null, true)]
    [TestCase("203.0.113.7", "198.51.100.0/24", null, false)]
    [TestCase("203.0.113.7", null, "198.51.100.0/24", true)]
    [TestCase("198.51.100.7", "0.0.0.0/0", "198.51.100.7/32", false)]
    [TestCase("::ffff:198.51.100.7", "198.51.100.0/24", null, true)]
    [TestCase(null, "198.51.100.0/24", null, true)]
    public void Allow_ips_and_deny_ips_ask_for_the_client(string? client, string? allowed, string? denied, bool passes)
    {
        var exchange = Heads.Request("/");
        exchange.Peer = new IPEndPoint(IPAddress.Loopback, 1);
        exchange.ClientAddress = client is null ? null : IPAddress.Parse(client);
        var options = new RoutePolicyOptions
        {
            AllowIps = allowed is null ? [] : [IPNetwork.Parse(allowed)],
            DenyIps = denied is null ? [] : [IPNetwork.Parse(denied)],
        };
        Assert.That(Ask(exchange, options), Is.EqualTo(passes ? PolicyOutcome.Allowed : PolicyOutcome.Refuse(FaultKind.AddressDenied)));
    }

    [Test]
    public void Headers_are_removed_then_set_then_added()
    {
        var exchange = Heads.Request("/users/7", "Host: a", "X-Debug: 1", "x-user: evil", "X-User: evil too", "X-List: a", "Accept: */*");
        exchange.Captures[0] = new Slice(exchange.Request.PathSlice.Start + 7, 1);
        var options = new RoutePolicyOptions
        {
            RequestHeaders = new HeaderChangesOptions
            {
                Remove = ["X-DEBUG", "accept"],
                Set = Map(("X-User", "${path.id}"), ("X-Old", "${header.X-Debug}"), ("Accept", "text/html")),
                Add = Map(("X-List", "b")),
            },
        };
        Assert.That(Ask(exchange, options, "id"), Is.EqualTo(PolicyOutcome.Allowed));
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(new[] { "Host: a", "X-List: a", "X-User: 7", "Accept: text/html", "X-List: b" }));
    }

    [Test]
    public void A_header_may_be_made_of_its_own_value()
    {
        var exchange = Heads.Request("/", "X-A: 1");
        Ask(exchange, new RoutePolicyOptions { RequestHeaders = new HeaderChangesOptions { Set = Map(("X-A", "${header.X-A}, 2")) } });
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(new[] { "X-A: 1, 2" }));
    }

    [Test]
    public void Response_headers_change_the_response()
    {
        var exchange = Heads.Request("/a");
        var chain = HttpPolicyCatalog.Build(
            new RoutePolicyOptions { ResponseHeaders = new HeaderChangesOptions { Remove = ["Server"], Set = Map(("X-Path", "${path}")) } }, [], null, null!);
        Assert.That(Ask(exchange, chain), Is.EqualTo(PolicyOutcome.Allowed));
        exchange.Response.Fields.Add("Server"u8, "x"u8);
        exchange.Response.Fields.Add("X-Path"u8, "x"u8);
        chain.OnResponse(exchange);
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { "X-Path: /a" }));
    }

    [TestCase("/api/x", "/x")]
    [TestCase("/api", "/")]
    [TestCase("/api/", "/")]
    [TestCase("/api/a/b", "/a/b")]
    [TestCase("/apix", "/apix")]
    [TestCase("/other", "/other")]
    [TestCase("/API/x", "/API/x")]
    public void P4_a_prefix_is_stripped_by_whole_segments(string path, string sent)
    {
        var exchange = Heads.Request(path, "Host: a");
        Assert.That(Ask(exchange, new RoutePolicyOptions { Rewrite = new RewriteOptions { StripPrefix = "/api" } }), Is.EqualTo(PolicyOutcome.Allowed));
        Assert.That(Heads.Text(exchange.ForwardedPath), Is.EqualTo(sent));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-Prefix"), sent == path ? Is.Empty : Is.EqualTo(new[] { "/api" }));
    }

    [TestCase("/api../x")]
    [TestCase("/api./x")]
    [TestCase("/api..")]
    public void P4_what_hopes_to_be_cut_within_a_segment_is_refused(string path) =>
        Assert.That(Ask(Heads.Request(path), new RoutePolicyOptions { Rewrite = new RewriteOptions { StripPrefix = "/api" } }), Is.EqualTo(PolicyOutcome.Refuse(FaultKind.PathInvalid)));

    [Test]
    public void A_stripped_prefix_is_added_to_the_one_that_a_proxy_has_stripped()
    {
        var exchange = Heads.Request("/api/x", "X-Forwarded-Prefix: /shop");
        Ask(exchange, new RoutePolicyOptions { Rewrite = new RewriteOptions { StripPrefix = "/api/" } });
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(new[] { "X-Forwarded-Prefix: /shop/api" }));
    }

    [TestCase("/t/${path.id}", "/t/a%20b")]
    [TestCase("/v2${path}", "/v2/users/a%20b")]
    [TestCase("${path}", "/users/a%20b")]
    [TestCase("/h/${header.X-Climb}", "/h/..%2F..%2Fadmin%3Fx")]
    public void A_path_is_written_anew(string template, string sent)
    {
        var exchange = Users();
        Assert.That(Ask(exchange, Path(template), "id"), Is.EqualTo(PolicyOutcome.Allowed));
        Assert.That(Heads.Text(exchange.ForwardedPath), Is.EqualTo(sent));
    }

    [TestCase("/a/${header.X-Dots}")]
    [TestCase("/a/${header.X-Dots}/b")]
    [TestCase("/a/.${header.X-Dot}/b")]
    [TestCase("/${header.X-None}/b")]
    [TestCase("${header.X-None}")]
    public void P1_a_variable_cannot_climb_out_of_the_path_that_the_file_wrote(string template) =>
        Assert.That(Ask(Users(), Path(template), "id"), Is.EqualTo(PolicyOutcome.Refuse(FaultKind.PathInvalid)));

    [TestCase("", "v=2")]
    [TestCase("a=1", "a=1&v=2")]
    [TestCase("v=1&a=1&v=3", "a=1&v=2")]
    [TestCase("%76=1&a=%31&V=1&v", "a=%31&V=1&v=2")]
    [TestCase("&&debug=1&a&", "a&v=2")]
    public void A_parameter_that_is_set_is_there_once_however_the_client_wrote_it(string query, string sent)
    {
        var exchange = Heads.Request($"/?{query}");
        var options = new QueryChangesOptions { Set = Map(("v", "2")), Remove = ["debug"] };
        Assert.That(Ask(exchange, new RoutePolicyOptions { Rewrite = new RewriteOptions { Query = options } }), Is.EqualTo(PolicyOutcome.Allowed));
        Assert.That(Heads.Text(exchange.ForwardedQuerySlice!.Value.Of(exchange.Request.Fields)), Is.EqualTo(sent));
    }

    [Test]
    public void A_variable_cannot_add_parameters()
    {
        var exchange = Heads.Request("/", "X-Name: a&admin=1#");
        Ask(exchange, new RoutePolicyOptions { Rewrite = new RewriteOptions { Query = new QueryChangesOptions { Set = Map(("na me", "${header.X-Name}")) } } });
        Assert.That(Heads.Text(exchange.ForwardedQuerySlice!.Value.Of(exchange.Request.Fields)), Is.EqualTo("na%20me=a%26admin%3D1%23"));
    }

    private static Exchange Users()
    {
        var exchange = Heads.Request("/users/a%20b", "X-Climb: ../../admin?x", "X-Dots: ..", "X-Dot: .");
        exchange.Captures[0] = new Slice(exchange.Request.PathSlice.Start + 7, 5);
        return exchange;
    }

    private static RoutePolicyOptions Path(string template) => new() { Rewrite = new RewriteOptions { Path = template } };

    private static PolicyOutcome Ask(Exchange exchange, RoutePolicyOptions options, params string[] captures) =>
        Ask(exchange, HttpPolicyCatalog.Build(options, [.. captures], null, null!));

    private static PolicyOutcome Ask(Exchange exchange, PolicyChain chain) => chain.OnRequestAsync(exchange).AsTask().GetAwaiter().GetResult();

    private static ValueMap<string> Map(params (string Name, string Value)[] entries) => new(entries.Select(entry => KeyValuePair.Create(entry.Name, entry.Value)));
}
