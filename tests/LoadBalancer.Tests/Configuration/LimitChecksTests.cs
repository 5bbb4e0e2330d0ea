namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class LimitChecksTests
{
    private const string Upstreams = "upstreams: {web: {endpoints: [\"10.0.0.1:80\"]}}";
    private const string Keys = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    [TestCase("rate_limit: login", "login: {key: client_ip, limit: 5/min}")]
    [TestCase("auth: p, rate_limit: [a, b]", "a: {key: [identity, route], limit: {rate: 100/s, burst: 200}}, b: {key: \"header:X-Tenant\", limit: {quota: 500/day}}")]
    [TestCase("auth: p, rate_limit: a", "a: {key: identity, limit: {free: 5/min, pro: {rate: 30/min, burst: 3}, anonymous: 2/min}}")]
    [TestCase("auth: p, rate_limit: a", "a: {key: identity, limit: {pro: 30/min, default: 2/min}, mode: local, on_failure: deny}")]
    [TestCase("rate_limit: a", "a: {key: client_ip, bandwidth: {request: 1MB/s, response: 10MB/s, burst: 5MB}}")]
    [TestCase("auth: p, rate_limit: a", "a: {key: identity, limit: 5/min, bandwidth: {response: 10MB/s}}")]
    [TestCase("rate_limit: a, cost: 2", "a: {key: identity, limit: {default: 30/min, anonymous: 2/min}}")]
    public void What_makes_sense_is_taken(string route, string limits) => Assert.That(ConfigFolder.ErrorsOf(Text(route, limits)), Is.Empty);

    [TestCase("rate_limit: logn", "login: {key: client_ip, limit: 5/min}", "lb.yaml:7:89: no entry of 'rate_limits' is called 'logn'; did you mean 'login'?")]
    [TestCase("rate_limit: [a, a]", "a: {key: client_ip, limit: 5/min}", "lb.yaml:7:93: 'rate_limit' has 'a' already: a request counts once for each limit, or as many times as 'cost' says")]
    [TestCase("rate_limit: a", "a: {key: identity, limit: 5/min}", "lb.yaml:7:89: the limit 'a' goes by identity, and the route of '/a' does not find out who calls: give it 'auth', or a limit by client_ip")]
    [TestCase("rate_limit: a", "a: {key: [route, \"claim:tenant\"], limit: 5/min}", "lb.yaml:7:89: the limit 'a' goes by claim:tenant, and the route of '/a' does not find out who calls: give it 'auth', or a limit by client_ip")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: {default: 5/min}}", "lb.yaml:7:89: the limit 'a' goes by plans, and the route of '/a' does not find out who calls: give it 'auth', or the limit an entry for 'anonymous'")]
    [TestCase("rate_limit: a, cost: 6", "a: {key: client_ip, limit: 5/min}", "lb.yaml:7:98: a request costs 6, and the limit 'a' never has more than 5: none would ever come through")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: {free: 1/min, prp: 2/min, default: 3/min, anonymous: 1/min}}", "lb.yaml:4:57: no plan is called 'prp'; did you mean 'pro'?; one without limits of its own is 'prp: {}' in 'plans'")]
    [TestCase("auth: p, rate_limit: a", "a: {key: identity, limit: {pro: 2/min, anonymous: 1/min}}", "lb.yaml:4:42: the limit 'a' says nothing of callers of the plan 'free': give it an entry for them, or 'default' for all that it does not name")]
    [TestCase("auth: p, rate_limit: a", "a: {key: identity, limit: {pro: 2/min, free: 1/min}}", "lb.yaml:4:42: the limit 'a' says nothing of callers whose plan the file does not know, and of those who are not known: give it 'default', or 'anonymous'")]
    [TestCase("rate_limit: a", "a: {key: [client_ip, client_ip], limit: 5/min}", "lb.yaml:4:25: 'key' has one part twice")]
    [TestCase("rate_limit: a", "a: {key: [client_ip, route, \"header:A\", \"header:B\"], limit: 5/min}", "lb.yaml:4:25: a 'key' has at most 3 parts")]
    [TestCase("rate_limit: a", "a: {key: ip, limit: 5/min}", "lb.yaml:4:25: 'key' expects identity, client_ip, header:NAME, claim:NAME or route, or a list of them, not 'ip'; the client's address is client_ip")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: 500/day}", "lb.yaml:4:43: 'limit' expects a rate per s, min or h such as 60/min, not '500/day'; days and months are calendar periods and belong to a quota")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: {burst: 5}}", "lb.yaml:4:44: 'burst' is what may come at once beside a 'rate', and there is none")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: {rate: 5/s, quota: 5/day}}", "lb.yaml:4:55: 'limit' has either 'rate' or 'quota'; for both, let the route name two limits")]
    [TestCase("rate_limit: a", "a: {key: client_ip}", "lb.yaml:4:19: the limit 'a' says nothing of how many or how much: give it 'limit', 'bandwidth' or both")]
    [TestCase("rate_limit: a", "a: {key: client_ip, bandwidth: {}}", "lb.yaml:4:47: 'bandwidth' says nothing of a direction: give it 'request', 'response' or both")]
    [TestCase("rate_limit: a", "a: {key: client_ip, bandwidth: {request: 10MB}}", "lb.yaml:4:57: 'request' expects off or a bandwidth from 1B/s to 1GiB/s such as 64KiB/s, not '10MB'")]
    [TestCase("rate_limit: a", "a: {key: identity, bandwidth: {request: 10MB/s}}", "lb.yaml:7:89: the limit 'a' goes by identity, and the route of '/a' does not find out who calls: give it 'auth', or a limit by client_ip")]
    public void What_can_never_be_meant_is_an_error_with_a_remedy(string route, string limits, string error) => Assert.That(ConfigFolder.ErrorsOf(Text(route, limits)), Is.EqualTo(new[] { error }));

    [TestCase("plans: {a: {burst: 5}}", "lb.yaml:1:20: 'burst' is what may come at once beside a 'rate', and the plan 'a' has none")]
    [TestCase("plans: {a: {quota: [5/day, 6/day]}}", "lb.yaml:1:20: the plan 'a' has two quotas of one period: one a day and one a month are possible")]
    [TestCase("plans: {a: {bandwidth: {burst: 5MB}}}", "lb.yaml:1:24: 'bandwidth' says nothing of a direction: give it 'request', 'response' or both")]
    [TestCase("plans: {a: {rate: 5/month}}", "lb.yaml:1:19: 'rate' expects off or a rate per s, min or h such as 60/min, not '5/month'; days and months are calendar periods and belong to a quota")]
    [TestCase("plans: {a: {quota: 5/h}}", "lb.yaml:1:20: 'quota' expects off or a number per day or month such as 50000/month, or a list of them, not '5/h'; seconds, minutes and hours belong to a rate")]
    [TestCase($"plans: {{pro: {{}}}}\nconsumers: {{x: {{api_keys: \"{Keys}\", plan: por}}}}", "lb.yaml:2:108: no plan is called 'por'; did you mean 'pro'?; one without limits of its own is 'por: {}' in 'plans'")]
    [TestCase($"consumers: {{x: {{api_keys: \"{Keys}\", plan: anonymous}}}}", "lb.yaml:1:108: 'anonymous' is the plan of callers who are not known, and a consumer is: leave 'plan' out for 'default'")]
    public void Plans_are_checked(string plans, string error) => Assert.That(
        ConfigFolder.ErrorsOf($"{plans}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}"), Is.EqualTo(new[] { error }));

    [Test]
    public void A_consumer_of_a_plan_is_nobody_elses_matter_where_the_file_has_no_plans() => Assert.That(
        ConfigFolder.ErrorsOf($"auth: {{p: {{api_key: {{}}}}}}\nconsumers: {{x: {{api_keys: \"{Keys}\", plan: pro}}}}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}"), Is.Empty);

    [TestCase("upstream: web", "a: {key: client_ip, limit: 5/min}", "lb.yaml:4:19: no route has 'rate_limit: a': the limit limits nothing")]
    [TestCase("cost: 5", "", "lb.yaml:7:77: 'cost' is for limits, and the route of '/a' has none: give it 'rate_limit', or callers with plans")]
    [TestCase("shadow: rate_limit", "", "lb.yaml:7:77: 'shadow' has 'rate_limit', which the route of '/a' does not have")]
    [TestCase("auth: p, rate_limit: a, cost: 5", "a: {key: identity, limit: {free: 1/min, default: 9/min}}", "lb.yaml:7:107: a request costs 5, and the limit 'a' never has more than 1 for callers of 'free': they never come through")]
    [TestCase("auth: p, cost: 101", "", "lb.yaml:7:92: a request costs 101, and the plan 'pro' never has more than 100 (100/min): its callers never come through")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: 5/min, mode: exact}", "lb.yaml:4:56: the limit 'a' is to be counted with other instances, and there is no 'state.redis' in which to count: each instance counts alone")]
    [TestCase("rate_limit: a", "a: {key: client_ip, limit: 5/min, on_failure: deny}", "lb.yaml:4:62: 'on_failure' is for limits that are counted in 'state.redis', and the limit 'a' is not")]
    public void What_is_hardly_meant_is_a_warning(string route, string limits, string warning)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Text(route == "upstream: web" ? "priority: 1" : route, limits));
        var result = folder.Load();
        Assert.That((folder.Lines(result.Errors), folder.Lines(result.Warnings).Contains(warning)), Is.EqualTo((Array.Empty<string>(), true)), string.Join('\n', folder.Lines(result.Warnings)));
    }

    [Test]
    public void Plans_without_anybody_who_is_known_are_a_warning()
    {
        using var folder = new ConfigFolder().With("lb.yaml", $"plans: {{free: {{rate: 5/min}}}}\nlisteners: {{a: {{bind: \":8\", http: web}}}}\n{Upstreams}");
        Assert.That(
            folder.Lines(folder.Load().Warnings),
            Is.EqualTo(new[] { "lb.yaml:1:15: no route finds out who calls ('auth'), so that no request has a plan: the limits of plans limit nothing" }));
    }

    [Test]
    public void An_included_file_may_hold_limits()
    {
        using var folder = new ConfigFolder()
            .With("lb.yaml", $"include: team.yaml\nlisteners: {{a: {{bind: \":8\", http: {{routes: []}}}}}}\n{Upstreams}".Replace("{routes: []}", "{}", StringComparison.Ordinal))
            .With("team.yaml", "rate_limits: {login: {key: client_ip, limit: 5/min}}\nroutes: {a: [{upstream: web, rate_limit: login}]}");
        Assert.That(folder.Errors(), Is.Empty);
    }

    private static string Text(string route, string limits) => string.Join('\n', [
        "auth: {p: {api_key: {}}}",
        $"consumers: {{x: {{api_keys: \"{Keys}\", plan: pro}}}}",
        "plans: {free: {}, pro: {rate: 100/min}}",
        limits.Length > 0 ? $"rate_limits: {{ {limits} }}" : "",
        "listeners:",
        "  a: {bind: \":8\", http: {routes: [{path: /open, upstream: web, auth: p},",
        $"    {{path: /a, upstream: web{new string(' ', 46)}, {route}}}]}}}}",
        Upstreams]);
}
