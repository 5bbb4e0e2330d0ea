using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class MetricsDocumentTests
{
    [Test]
    public void The_committed_page_is_the_one_that_the_program_prints() => Assert.That(
        WorkTree.Read("docs/metrics.md"), Is.EqualTo(MetricsDocument.Write()), "docs/metrics.md is stale: run make docs");
}
