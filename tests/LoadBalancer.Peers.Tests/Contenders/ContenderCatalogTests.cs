using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Tests.Contenders;

internal sealed class ContenderCatalogTests
{
    private static readonly IReadOnlyList<Contender> All = ContenderCatalog.All("lb");

    [Test]
    public void Has_a_configuration_for_everything_that_a_contender_is_started_for() =>
        Assert.That(
            All.Where(c => c.Template.Length > 0).SelectMany(c => c.Services.Select(service => RunningContender.TemplateOf(c, service))).Where(file => !File.Exists(file)),
            Is.Empty);

    [Test]
    public void Says_how_to_get_every_program() =>
        Assert.That(All.Where(c => c.Program is not null && c.Remedy.Length == 0), Is.Empty);
}
