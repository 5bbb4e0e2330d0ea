namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/ec2-farm: what were a balancer, a gateway and another balancer, in one process.</summary>
internal sealed class Ec2FarmSampleScenarios
{
    private GatewaySample _sample = null!;

    [OneTimeSetUp]
    public async Task Start() => _sample = await GatewaySample.StartAsync("ec2-farm", ":443", "10.0.1.10:8000", "10.0.2.10:8000", "10.0.2.11:8000");

    [OneTimeTearDown]
    public async Task End() => await _sample.DisposeAsync();

    [Test]
    public void Customers_reach_every_instance_of_the_farm_which_learns_who_they_are()
    {
        var token = _sample.Token("alice", "\"roles\":[\"customer\"]");
        var instances = Enumerable.Range(0, 16).Select(_ => _sample.Get("/orders", token).Text.Split(' ')[0]).Distinct().ToList();
        Assert.That(instances, Is.EquivalentTo(new[] { "instance0", "instance1", "instance2" }));
        Assert.That(_sample.Endpoints.SelectMany(endpoint => endpoint.Requests).Where(request => request.FirstLine.StartsWith("GET /orders", StringComparison.Ordinal))
            .Select(request => (request["X-User-Id"], request["X-User-Roles"])).Distinct(), Is.EqualTo(new[] { ("alice", "customer") }));
    }

    [Test]
    public void The_catalogue_is_for_everybody_but_for_who_brings_a_bad_token()
    {
        Assert.That(_sample.Get("/catalogue/7").Status, Is.EqualTo(200));
        LimitScenarios.IsProblem(_sample.Get("/catalogue/7", "x.y.z"), 401, "token_malformed");
    }

    [Test]
    public void The_admin_pages_are_not_for_this_address_whoever_asks() =>
        LimitScenarios.IsProblem(_sample.Get("/admin/", _sample.Token("bob", "\"roles\":[\"staff\"]")), 403, "address_denied");

    [Test]
    public async Task Its_tests_pass()
    {
        var (code, output) = await _sample.RunAsync("test", "tests.yaml", "--every-route");
        Assert.That(code, Is.Zero, output);
    }
}
