using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class ReferenceDocumentTests
{
    [Test]
    public void The_committed_reference_is_the_one_that_the_program_prints() => Assert.That(
        File.ReadAllText(Path.Combine(Clone.Root, "docs/configuration.md")),
        Is.EqualTo(ReferenceDocument.Write()),
        "docs/configuration.md is stale: run make docs");

    [Test]
    public void Has_a_row_for_a_key_with_its_default() => Assert.That(
        ReferenceDocument.Write(),
        Does.Contain("| `idle` | a duration from 10ms to 30d such as 5s | `10m` | With no byte in either direction for this long, the connection is closed. |"));

    [Test]
    public void Has_a_section_for_every_map_that_a_link_leads_to()
    {
        var text = ReferenceDocument.Write();
        var anchors = text.Split('\n').Where(line => line.StartsWith("### `", StringComparison.Ordinal))
            .Select(line => line[5..^1].ToLowerInvariant().Replace(".", "", StringComparison.Ordinal)).ToArray();
        var links = text.Split("](#").Skip(1).Select(part => part[..part.IndexOf(')', StringComparison.Ordinal)]);

        Assert.Multiple(() =>
        {
            Assert.That(anchors, Does.Contain("listenersnametcp"));
            Assert.That(links, Is.SubsetOf(anchors));
        });
    }
}
