using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>How the end of a listener is told on HTTP/1.1: with the response. HTTP/2 says it by GOAWAY, see Http2Scenarios.</summary>
internal sealed class Http1LifecycleScenarios
{
    [Test]
    public async Task Trap_4_a_request_that_is_sent_as_the_drain_begins_is_answered_and_told_to_close()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using HttpWire idle = gateway.Connect(), fresh = gateway.Connect(), late = gateway.Connect();
        Assert.That(idle.Get("/").ReadResponse()["Connection"], Is.Null);
        late.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Le");
        gateway.Daemon.Orders.OrderStop();
        await gateway.Daemon.Manager.WaitForAsync("STOPPING=1");
        late.Send("ngth: 5\r\n\r\nhello");
        foreach (var wire in new[] { idle, fresh, late })
        {
            // The order is heard of on each loop in its time: until then the connection is kept.
            HttpMessage response;
            do
            {
                response = wire == late ? wire.ReadResponse() : wire.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello").ReadResponse();
                Assert.That(response.Status, Is.EqualTo(200));
            }
            while (response["Connection"] != "close" && wire != late);

            Assert.That(wire.HasEnded(), Is.True, "in order, not by a reset");
        }

        Assert.That(await gateway.Daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
    }
}
