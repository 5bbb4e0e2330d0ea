using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Traps 36, F2 and F4: however a client dresses it, an endpoint learns who calls from lb alone.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class SpoofedIdentityScenarios(Carrier carrier) : IOverCarriers
{
    private const string Spoofed = "X-User-Id: mallory\r\nx-user-id: mallory\r\nX-USER-ID: mallory\r\nX_User_Id: mallory\r\nx-user_id: mallory\r\nTenant: mallory\r\nTENANT: mallory\r\n";

    public Carrier Carrier => carrier;

    [Test]
    public async Task T36_a_trailer_is_no_way_in()
    {
        await using var gateway = await CallerGateway.StartAsync("{path: \"/open/*\", upstream: up}, {path: \"/auth/*\", upstream: up, auth: web}");
        foreach (var (path, token) in new[] { ("/open/x", ""), ("/auth/x", "alice"), ("/auth/x", "bob") })
        {
            using var client = gateway.Gateway.Connect();
            client.Send($"POST {path} HTTP/1.1\r\nHost: test\r\n{CallerGateway.Bearer(token)}Transfer-Encoding: chunked\r\nTrailer: Tenant, X-Sum\r\n\r\n1\r\nx\r\n0\r\nTenant: mallory\r\nX-User-Id: mallory\r\nTEN_ANT: mallory\r\nChecksum: 1\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
            Assert.That(gateway.Forwarded.Trailers.Select(line => line.ToLowerInvariant()), Is.EqualTo(new[] { "checksum: 1" }));
            Assert.That(gateway.Forwarded.Values("Tenant"), token == "alice" ? Is.EqualTo(new[] { "acme" }) : Is.Empty);
        }
    }

    [Test]
    public async Task F4_what_a_client_nominates_takes_nothing_of_ours_away()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, auth: web}");
        Assert.That(gateway.Gateway.Get("/", $"Connection: close, X-User-Id, Tenant\r\n{Spoofed}{CallerGateway.Bearer("alice")}").Status, Is.EqualTo(200));
        Assert.That((gateway.Forwarded["X-User-Id"], gateway.Forwarded["Tenant"]), Is.EqualTo(("alice", "acme")));
        if (carrier == Carrier.Http1)
        {
            Assert.That(gateway.Gateway.Get("/", $"Connection: Authorization\r\n{CallerGateway.Bearer("alice")}").Status, Is.EqualTo(401), "who takes his own credential away is nobody");
        }
    }

    [Test]
    public async Task T36_a_copy_and_another_attempt_say_the_same_as_the_first()
    {
        using var broken = new HttpEndpoint((_, _) => throw new OperationCanceledException());
        using var mirror = CallerGateway.Agreeing();
        await using var gateway = await CallerGateway.StartAsync(
            "{upstream: retried, auth: web, mirror: mirror, retry: {attempts: 2, on: [connect, reset]}}",
            upstreams: $", {HttpGateway.Upstream("mirror", "", mirror)}, retried: {{endpoints: [\"{broken.Address}\"], health: {{passive: off}}}}, {HttpGateway.Upstream("never", "", mirror)}");
        Assert.That(gateway.Gateway.Get("/", Spoofed + CallerGateway.Bearer("alice")).Status, Is.EqualTo(502));
        await Assert.ThatAsync(() => Task.FromResult(mirror.Requests.Count), Is.EqualTo(1).After(5000, 5));
        foreach (var request in broken.Requests.Concat(mirror.Requests))
        {
            Assert.That((request["X-User-Id"], request["Tenant"]), Is.EqualTo(("alice", "acme")));
            Assert.That(request.Fields, Has.None.Contains("mallory"));
        }

        Assert.That(broken.Requests, Is.Not.Empty);
    }

    [Test]
    public async Task T36_a_stand_in_for_an_error_learns_of_nobody()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, auth: web, on_error: {401: {upstream: up}}}");
        Assert.That(gateway.Gateway.Get("/", Spoofed).Status, Is.EqualTo(200));
        Assert.That(gateway.Forwarded.Fields, Has.None.Contains("mallory"));
    }

    [Test]
    public async Task A_route_is_not_chosen_by_an_identity_that_the_client_made_up()
    {
        await using var gateway = await CallerGateway.StartAsync("{headers: {X-User-Id: root}, respond: {body: root}}, {upstream: up}");
        Assert.That(gateway.Gateway.Get("/", "X-User-Id: root\r\n").Text, Is.EqualTo("ok"));
    }

    [Test]
    public async Task What_templates_make_of_a_caller_is_of_the_verified_one()
    {
        await using var gateway = await CallerGateway.StartAsync(
            "{upstream: up, auth: {any: web, optional: true}, request_headers: {set: {X-Caller: \"${identity.sub}/${identity.plan}/${identity.claim.tenant}\", X-Forwarded-User: \"${header.X-User-Id}\"}}}");
        gateway.Gateway.Get("/", Spoofed + CallerGateway.Bearer("alice"));
        Assert.That((gateway.Forwarded["X-Caller"], gateway.Forwarded["X-Forwarded-User"]), Is.EqualTo(("alice/pro/acme", "alice")));
        gateway.Gateway.Get("/", Spoofed);
        Assert.That((gateway.Forwarded["X-Caller"], gateway.Forwarded["X-Forwarded-User"]), Is.EqualTo(("//", (string?)null)));
    }

    [Test]
    public async Task A_hash_on_a_claim_keeps_a_caller_with_an_endpoint()
    {
        using var other = CallerGateway.Agreeing();
        using var third = CallerGateway.Agreeing();
        await using var gateway = await CallerGateway.StartAsync(
            "{upstream: spread, auth: web}", upstreams: $", spread: {{balance: hash, hash: {{on: \"claim:sub\", max_load: off}}, endpoints: [\"{other.Address}\", \"{third.Address}\"]}}");
        for (var at = 0; at < 6; at++)
        {
            Assert.That(gateway.Gateway.Get($"/{at}", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200));
        }

        Assert.That(new[] { other.Requests.Count, third.Requests.Count }, Is.EquivalentTo(new[] { 0, 6 }));
    }
}
