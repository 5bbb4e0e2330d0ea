using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What a request costs the garbage collector.</summary>
internal sealed class AllocationScenarios
{
    private const int Many = 10_000;

    [TestCase("GET /a/b?c=d HTTP/1.1\r\nHost: test\r\nUser-Agent: test\r\nAccept: */*\r\nCookie: a=b\r\n\r\n")]
    [TestCase("POST /a/b HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task Ten_thousand_warm_requests_allocate_nothing_on_the_loop_with_log_and_metrics_on(string request)
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/a/*\", upstream: up, response_headers: {set: {X-A: b}}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", loops: 1, access: LogDestination.File);
        var loop = gateway.Loops.Loops[0];
        using (var client = gateway.Connect())
        {
            // The least of several runs: a collection that falls into one takes the rest of the thread's allocation buffer away and counts it.
            var least = long.MaxValue;
            for (var run = 0; run < 4; run++)
            {
                var before = await AllocatedAsync(loop);
                for (var at = 0; at < Many / 4; at++)
                {
                    client.Send(request);
                    client.ReadResponse();
                }

                least = Math.Min(least, await AllocatedAsync(loop) - before);
            }

            Assert.That(least, Is.Zero, $"bytes in {Many / 4} requests");
        }

        gateway.Settle();
        Assert.That(() => File.ReadLines(gateway.AccessPath).Count(), Is.EqualTo(Many).After(Loopback.TimeoutMs, 20));
    }

    private static async Task<long> AllocatedAsync(EventLoop loop)
    {
        var bytes = new long[1];
        await loop.RunAsync(static cell => ((long[])cell!)[0] = GC.GetAllocatedBytesForCurrentThread(), bytes);
        return bytes[0];
    }
}
