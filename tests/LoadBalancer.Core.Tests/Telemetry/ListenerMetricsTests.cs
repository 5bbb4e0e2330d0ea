using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class ListenerMetricsTests
{
    [Test]
    public void Counts_a_connection_as_active_from_its_accept_to_its_end()
    {
        var metrics = new ListenerMetrics("web", loops: 2);
        metrics.Opened(0);
        metrics.Opened(1);
        metrics.Opened(1);
        Assert.That(metrics.Active, Is.EqualTo(3));

        metrics.Closed(0, Fault.None, TimeSpan.FromSeconds(1));
        metrics.Rejected(1, FaultKind.NoEndpoint, TimeSpan.Zero);
        Assert.That((metrics.Active, metrics.Connections, metrics.Durations.Count), Is.EqualTo((1L, 3L, 2L)));
    }

    [Test]
    public void Keeps_rejections_apart_from_faults_of_connections_that_reached_an_endpoint()
    {
        var metrics = new ListenerMetrics("web", loops: 1);
        metrics.Rejected(0, FaultKind.ConnectRefused, TimeSpan.Zero);
        metrics.Closed(0, new Fault(FaultSide.Upstream, FaultKind.Reset), TimeSpan.Zero);
        metrics.Closed(0, new Fault(FaultSide.Client, FaultKind.Reset), TimeSpan.Zero);
        metrics.Closed(0, new Fault(FaultSide.Client, FaultKind.Reset), TimeSpan.Zero);

        Assert.That(metrics.RejectedFor(FaultKind.ConnectRefused), Is.EqualTo(1));
        Assert.That(metrics.RejectedFor(FaultKind.Reset), Is.Zero);
        Assert.That(metrics.FaultsOf(FaultSide.Upstream, FaultKind.Reset), Is.EqualTo(1));
        Assert.That(metrics.FaultsOf(FaultSide.Client, FaultKind.Reset), Is.EqualTo(2));
    }

    [Test]
    public void Counts_every_kind_of_fault_of_every_side_apart()
    {
        var metrics = new ListenerMetrics("web", loops: 1);
        foreach (var side in Enum.GetValues<FaultSide>())
        {
            foreach (var kind in Enum.GetValues<FaultKind>())
            {
                metrics.Closed(0, new Fault(side, kind), TimeSpan.Zero);
                metrics.Rejected(0, kind, TimeSpan.Zero);
                Assert.That(metrics.FaultsOf(side, kind), Is.EqualTo(kind == FaultKind.None ? 0 : 1), $"{side} {kind}");
            }
        }
    }

    [Test]
    public void Allocates_nothing_while_it_counts()
    {
        var metrics = new ListenerMetrics("web", loops: 1);
        var counted = 0;
        var allocated = Allocations.Of(() =>
        {
            for (var time = 0; time < 1000; time++, counted++)
            {
                metrics.Opened(0);
                metrics.Received(0, 100);
                metrics.Sent(0, 200);
                metrics.Closed(0, Fault.None, TimeSpan.FromMilliseconds(time));
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That((metrics.ReceivedBytes, metrics.SentBytes), Is.EqualTo((counted * 100L, counted * 200L)));
    }
}
