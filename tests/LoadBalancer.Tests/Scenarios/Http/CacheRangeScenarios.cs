using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What becomes of requests for a part of an answer that is kept whole (RFC 9110 section 14).</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class CacheRangeScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Changed = "Sun, 06 Nov 1994 08:49:37 GMT";
    private const string Kept = $"Cache-Control: max-age=60\r\nETag: \"tag\"\r\nLast-Modified: {Changed}\r\nContent-Type: text/plain\r\n";

    [TestCase("bytes=0-3", "0123", "bytes 0-3/10")]
    [TestCase("bytes=8-", "89", "bytes 8-9/10")]
    [TestCase("bytes=-3", "789", "bytes 7-9/10")]
    [TestCase("bytes=5-100", "56789", "bytes 5-9/10")]
    [TestCase("bytes=0-", "0123456789", "bytes 0-9/10")]
    public async Task One_range_is_cut_out_of_what_is_kept(string range, string text, string place)
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);
        var part = gateway.Get("/", $"Range: {range}\r\n");

        Assert.That((part.Status, part.Text, part["Content-Range"], part["Content-Length"]), Is.EqualTo((206, text, place, $"{text.Length}")));
        Assert.That((part["ETag"], part["Content-Type"], part["Cache-Control"], part["Age"], part["Cache-Status"]), Is.EqualTo(("\"tag\"", "text/plain", "max-age=60", "0", "lb; hit; ttl=60")));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
        gateway.Settle();
    }

    [TestCase("bytes=10-")]
    [TestCase("bytes=-0")]
    public async Task One_that_it_does_not_have_is_416_which_nobody_keeps(string range)
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);
        var refused = gateway.Get("/", $"Range: {range}\r\n");

        Assert.That((refused.Status, refused.Text, refused["Content-Range"], refused["Content-Length"]), Is.EqualTo((416, "", "bytes */10", "0")));
        Assert.That((refused["Cache-Control"], refused["ETag"], refused["Content-Type"]), Is.EqualTo(("no-store", (string?)null, (string?)null)));
        Assert.That((gateway.Get("/").Text, endpoint.Requests.Count), Is.EqualTo(("0123456789", 1)));
        gateway.Settle();
    }

    [TestCase("bytes=0-0,2-3")]
    [TestCase("lines=0-1")]
    [TestCase("bytes=3-1")]
    public async Task Of_several_ranges_and_of_what_is_none_it_is_the_whole(string range)
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);
        var whole = gateway.Get("/", $"Range: {range}\r\n");

        Assert.That((whole.Status, whole.Text, whole["Content-Range"]), Is.EqualTo((200, "0123456789", (string?)null)));
        gateway.Settle();
    }

    [TestCase("\"tag\"", 206)]
    [TestCase("\"other\"", 200)]
    [TestCase("W/\"tag\"", 200)]
    [TestCase(Changed, 206)]
    [TestCase("Sun, 06 Nov 1994 08:49:38 GMT", 200)]
    public async Task A_client_with_a_part_of_another_version_gets_the_whole(string condition, int status)
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);
        var answer = gateway.Get("/", $"Range: bytes=0-0\r\nIf-Range: {condition}\r\n");

        Assert.That((answer.Status, answer.Text), Is.EqualTo((status, status == 206 ? "0" : "0123456789")));
        gateway.Settle();
    }

    [Test]
    public async Task Whoever_has_it_already_is_told_so_before_a_part_is_cut_out()
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);

        Assert.That(gateway.Get("/", "Range: bytes=0-0\r\nIf-None-Match: \"tag\"\r\n").Status, Is.EqualTo(304));
        gateway.Settle();
    }

    [Test]
    public async Task HEAD_knows_no_ranges()
    {
        using var endpoint = Answering();
        await using var gateway = await StartAsync(endpoint);
        using (var client = gateway.Connect())
        {
            client.Send("HEAD / HTTP/1.1\r\nHost: test\r\nRange: bytes=0-0\r\n\r\n");
            var head = client.ReadResponse(toHead: true);
            Assert.That((head.Status, head["Content-Length"], head["Content-Range"], head["Age"]), Is.EqualTo((200, "10", (string?)null, "0")));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_part_that_is_not_kept_comes_from_the_endpoint_and_is_not_kept_either()
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request["Range"] is null)
            {
                wire.Respond("0123456789", Kept);
            }
            else
            {
                wire.Respond("0", Kept + "Content-Range: bytes 0-0/10\r\n", "206 Partial Content");
            }
        });
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, cache: {}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", time: new ManualTime());
        var first = gateway.Get("/", "Range: bytes=0-0\r\n");
        var second = gateway.Get("/", "Range: bytes=0-0\r\n");

        Assert.That((first.Status, second.Status, second["Cache-Status"], endpoint.Requests.Count), Is.EqualTo((206, 206, "lb; fwd=bypass", 2)));
        Assert.That((gateway.Get("/").Text, gateway.Get("/", "Range: bytes=0-0\r\n").Text, endpoint.Requests.Count), Is.EqualTo(("0123456789", "0", 3)));
        gateway.Settle();
    }

    [TestCase(0, 1)]
    [TestCase(32 * 1024 - 1, 2)]
    [TestCase(100_000, 400_000)]
    [TestCase(699_999, 1)]
    public async Task A_part_of_a_long_body_is_that_part_byte_for_byte(int start, int length)
    {
        var body = string.Concat(Enumerable.Range(0, 87_500).Select(at => at.ToString("x8", System.Globalization.CultureInfo.InvariantCulture)));
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond(body, Kept));
        await using var gateway = await StartAsync(endpoint);
        var part = gateway.Get("/", $"Range: bytes={start}-{start + length - 1}\r\n");

        Assert.That((part.Status, part.Text == body.Substring(start, length)), Is.EqualTo((206, true)));
        gateway.Settle();
        Assert.That(gateway.Kept!.Lingering, Is.Zero);
    }

    private static HttpEndpoint Answering() => new((wire, _) => wire.Respond("0123456789", Kept));

    /// <summary>A gateway that has kept the answer.</summary>
    private static async Task<BareGateway> StartAsync(HttpEndpoint endpoint)
    {
        var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, cache: {}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", time: new ManualTime());
        gateway.Get("/");

        // The client has the last byte before lb has put the answer away.
        Assert.That(() => gateway.Kept!.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        return gateway;
    }
}
