using System.Text.Json;
using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Cli;

internal sealed class StatusReportTests
{
    [Test]
    public void Panic_an_open_circuit_overload_waiting_connections_and_a_discovery_that_fails_are_said_below_the_endpoints()
    {
        var report = Print("""
            {
              "name": "orders", "balance": "round_robin", "panic": "1 of 3 endpoints is healthy, less than 50%: all are used",
              "circuit": {"state": "half_open", "reason": "15 s have passed", "since": "2026-11-21T12:06:00Z", "openings": 2, "refused": 901},
              "concurrency": {"limit": 40, "under_way": 41, "base_ms": 21.5, "shed": {"high": 0, "normal": 7, "low": 200}},
              "retry_budget": {"spent": 20, "requests": 100, "refused": 31},
              "pending": 12, "pending_timeouts": 3, "pending_overflows": 1,
              "discovery": {"left_out": 7, "last_error": "no answer", "last_error_at": "2026-11-21T12:05:00Z", "last_success": "2026-11-21T12:00:00Z"},
              "endpoints": [{"address": "10.0.0.1:80", "state": "unhealthy"}]
            }
            """);

        Assert.That(report, Does.Contain("orders (round_robin, panic)"));
        Assert.That(report, Does.EndWith("""

            orders: panic: 1 of 3 endpoints is healthy, less than 50%: all are used
            orders: circuit breaker: half-open since 2026-11-21 12:06:00Z: 15 s have passed; 901 refused so far
            orders: concurrency: 41 of 40 requests under way; shed so far: 0 high, 7 normal, 200 low
            orders: retries: 20 in the last 10 s, beside 100 requests; so far 31 were not made, because the budget was spent
            orders: pending: 12 wait for room; so far 3 waited in vain, and 1 found the queue full
            orders: discovery: the name has 7 more addresses than are taken
            orders: discovery: no answer, at 2026-11-21 12:05:00Z; the last good answer is of 2026-11-21 12:00:00Z

            """));
    }

    [TestCase("""{"name": "orders", "balance": "round_robin", "panic": null, "pending": 0, "pending_timeouts": 0, "pending_overflows": 0, "concurrency": {"limit": 40, "under_way": 3, "shed": {"high": 0, "normal": 0, "low": 0}}, "circuit": {"state": "closed", "reason": "3 probes succeeded", "refused": 7}, "retry_budget": {"spent": 3, "requests": 100, "refused": 0}, "discovery": {"left_out": 0}, "endpoints": []}""")]
    [TestCase("""{"name": "orders", "balance": "round_robin"}""")]
    public void Where_all_is_well_or_an_older_lb_does_not_tell_it_says_nothing(string upstream)
    {
        var report = Print(upstream);

        Assert.That(report, Does.Contain("orders (round_robin)").And.Not.Contain("panic").And.Not.Contain("orders: "));
    }

    [Test]
    public void An_issuer_whose_keys_cannot_be_had_is_named_and_since_when_those_in_use_are()
    {
        var report = new StatusReport(JsonElement.Parse("""
            {"auth_keys": [
              {"name": "riders", "keys": 2, "fetched_at": "2026-11-21T12:00:00Z", "failure": "it answers 503"},
              {"name": "staff", "keys": 0, "fetched_at": null, "failure": "no answer"},
              {"name": "good", "keys": 1, "fetched_at": "2026-11-21T12:00:00Z", "failure": null}]}
            """)).Print();

        Assert.That(report, Does.EndWith("""

            riders: the issuer's keys cannot be had, so those of 2026-11-21 12:00:00Z stay: it answers 503
            staff: the issuer's keys cannot be had: no answer

            """));
    }

    [Test]
    public void The_routes_of_http_listeners_have_their_requests_by_class_and_what_they_took()
    {
        var report = new StatusReport(JsonElement.Parse("""
            {"listeners": [
              {"name": "db"},
              {"name": "web", "requests": {"active": 1, "routes": [
                {"name": "users", "path": "/users/{id}", "requests": {"1xx": 0, "2xx": 1200, "3xx": 0, "4xx": 30, "5xx": 4}, "p50_ms": 1.25, "p99_ms": 250},
                {"name": "", "path": null, "requests": {"2xx": 0, "4xx": 7, "5xx": 0}, "p50_ms": null}]}}]}
            """)).Print();

        Assert.That(report, Does.Contain("""
            LISTENER  ROUTE       PATH         REQUESTS   2XX  3XX  4XX  5XX  P50 MS  P99 MS
            web       users       /users/{id}      1234  1200    0   30    4    1.25     250
            web       (no route)  -                   7     0         7    0       -       -

            """));
        Assert.That(Print("""{"name": "orders"}"""), Does.Not.Contain("ROUTE"), "without a listener of HTTP");
    }

    [Test]
    public void Certificates_have_a_table_with_the_days_that_are_left_and_refused_files_are_said_below()
    {
        var report = new StatusReport(JsonElement.Parse("""
            {"listeners": [{"name": "web", "tls": {
              "refusal": "cannot read /a.pem: no such file",
              "certificates": [{"names": ["a.example", "b.example", "c.example", "d.example"], "key": "rsa", "file": "/a.pem", "not_after": "2026-12-01T12:00:00Z", "days_left": 9}]}}]}
            """)).Print();

        Assert.That(report, Does.Contain("""
            LISTENER  CERTIFICATE                               KEY  EXPIRES               DAYS  FILE
            web       a.example b.example c.example and 1 more  rsa  2026-12-01 12:00:00Z     9  /a.pem
            """));
        Assert.That(report, Does.EndWith("web: files of TLS have changed and are no use, so those before stay: cannot read /a.pem: no such file\n"));
    }

    private static string Print(string upstream) => new StatusReport(JsonElement.Parse($$"""{"upstreams": [{{upstream}}]}""")).Print();
}
