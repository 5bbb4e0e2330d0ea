using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class WatchedFileTests
{
    [Test]
    public void Is_read_again_when_it_has_changed_and_only_then()
    {
        using var folder = new TemporaryFolder();
        var parsed = new List<string>();
        var file = new WatchedFile<string>(folder["hosts"], text =>
        {
            parsed.Add(text);
            return text;
        });
        Assert.That((file.Read(), file.Read()), Is.EqualTo(("", "")), "it is not there");

        File.WriteAllText(folder["hosts"], "one");
        Assert.That((file.Read(), file.Read()), Is.EqualTo(("one", "one")));

        File.WriteAllText(folder["next"], "other");
        File.Move(folder["next"], folder["hosts"], overwrite: true);
        Assert.That(file.Read(), Is.EqualTo("other"));

        File.Delete(folder["hosts"]);
        Assert.That(file.Read(), Is.Empty);
        Assert.That(parsed, Is.EqualTo(new[] { "", "one", "other", "" }));
    }
}
