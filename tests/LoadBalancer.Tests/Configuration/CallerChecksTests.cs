namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class CallerChecksTests
{
    private const string Auth = "auth: {devices: {client_certificate: {}}}\n";
    private const string Upstreams = """upstreams: {web: {endpoints: ["10.0.0.1:80"]}, spread: {balance: hash, hash: {on: "claim:sub"}, endpoints: ["10.0.0.2:80"]}}""";

    [TestCase("{upstream: web, require: {roles: [a]}}", "lb.yaml:4:36: 'require' asks who calls, and the route without host and path does not find it out: give it 'auth'")]
    [TestCase("{upstream: web, auth: none, require: {roles: [a]}}", "lb.yaml:4:48: 'require' asks who calls, and the route without host and path does not find it out: give it 'auth'")]
    [TestCase("{upstream: web, cors: {origins: \"*\", credentials: true}}", "lb.yaml:4:61: 'credentials' cannot be where 'origins' has \"*\": every page could act as the user. List the origins")]
    [TestCase("{upstream: web, cors: {origins: \"*.com\", credentials: true}}", "lb.yaml:4:65: 'credentials' cannot be where 'origins' has 'https://*.com': anybody can have a name under it, and every page there could act as the user. Write the domain that is yours, as \"*.example.com\"")]
    [TestCase("{upstream: web, cors: {origins: [\"https://a.test\", \"https://*.DE:8443\"], credentials: true}}", "lb.yaml:4:97: 'credentials' cannot be where 'origins' has 'https://*.de:8443': anybody can have a name under it, and every page there could act as the user. Write the domain that is yours, as \"*.example.com\"")]
    [TestCase("{upstream: web, cors: {methods: [GET]}}", "lb.yaml:4:33: 'cors' needs the key 'origins': an origin such as https://app.example.com, \"*.example.com\" or \"*\", or a list of them")]
    [TestCase("{upstream: web, cors: [\"null\"]}", "lb.yaml:4:34: 'cors' expects an origin such as https://app.example.com, \"*.example.com\" or \"*\", not 'null'; 'null' is the origin of whoever hides theirs, and never allowed")]
    [TestCase("{upstream: web, auth: {close_at_expiry: true}}", "lb.yaml:4:33: 'auth' needs 'any' or 'all': names of entries of 'auth' at the top of the file")]
    [TestCase("{upstream: web, auth: devices}", "lb.yaml:4:33: 'devices' goes by certificates of clients, and the listener 'a' asks for none: give it tls: {client_certificates: {ca: /etc/lb/clients.pem, mode: optional}}")]
    [TestCase("{upstream: web, request_headers: {set: {X-A: \"${identity.sub}\"}}}", "lb.yaml:4:56: '${identity.sub}' says who calls, and nobody finds that out: give the route 'auth'")]
    [TestCase("{upstream: web, rewrite: {path: \"/${identity.claim.a}\"}}", "lb.yaml:4:43: '/${identity.claim.a}' says who calls, and nobody finds that out: give the route 'auth'")]
    [TestCase("{respond: {body: \"${identity.plan}\"}}", "lb.yaml:4:28: '${identity.plan}' says who calls, and nobody finds that out: give the route 'auth'")]
    public void What_a_route_asks_of_its_callers_can_be_found_out(string route, string error) =>
        Assert.That(ConfigFolder.ErrorsOf(Text(route)), Is.EqualTo(new[] { error }));

    [TestCase("{origins: \"*.com\"}")]
    [TestCase("{origins: [\"*.example.com\", \"*.internal\", \"https://*.lan:8443\"], credentials: true}")]
    public void A_wildcard_may_be_broad_where_nobody_acts_as_the_user_and_where_strangers_get_no_names(string cors) =>
        Assert.That(ConfigFolder.ErrorsOf(Text($"{{upstream: web, cors: {cors}}}")), Is.Empty);

    [Test]
    public void The_one_route_of_a_listener_with_an_upstream_is_checked_like_any_other()
    {
        Assert.That(
            ConfigFolder.ErrorsOf($"defaults: {{require: {{roles: a}}}}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}"),
            Is.EqualTo(new[] { "lb.yaml:1:21: 'require' asks who calls, and the route without host and path does not find it out: give it 'auth', or 'require: none'" }));
        Assert.That(
            ConfigFolder.ErrorsOf($"defaults: {{auth: nobody}}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}").Single(),
            Does.StartWith("lb.yaml:1:18: no entry of 'auth' is called 'nobody'"));
        Assert.That(
            ConfigFolder.ErrorsOf($"defaults: {{request_headers: {{set: {{X-A: \"${{client_up}}\"}}}}}}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}").Single(),
            Does.Contain("'${client_up}' is no variable"));
    }

    [TestCase("{upstream: web, shadow: cors}", "lb.yaml:4:27: 'shadow' has 'cors', which the route without host and path does not have")]
    [TestCase("{upstream: spread}", "lb.yaml:4:11: the upstream 'spread' spreads by claim:sub, and the route without host and path does not find out who calls: its requests go by the client's address")]
    public void What_is_hardly_meant_is_a_warning(string route, string warning)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Text(route));
        var result = folder.Load();
        Assert.That((folder.Lines(result.Errors), folder.Lines(result.Warnings).Contains(warning)), Is.EqualTo((Array.Empty<string>(), true)), string.Join('\n', folder.Lines(result.Warnings)));
    }

    private static string Text(string route) => $"{Auth}listeners:\n  a: {{bind: \":8\", http: {{routes: [\n          {route}]}}}}\n{Upstreams}";
}
