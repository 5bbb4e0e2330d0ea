using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class IncludesTests
{
    private const string Main = "listeners: {a: {bind: \":80\", tcp: a}}\n";
    private const string A = "upstreams: {a: {endpoints: \"10.0.0.1:80\"}}\n";

    [Test]
    public void Merges_the_upstreams_of_every_file_that_a_pattern_names()
    {
        using var folder = new ConfigFolder()
            .With("lb.yaml", Main + "include: teams/*.yaml\nupstreams: {own: {endpoints: \"10.0.0.9:80\"}}\n")
            .With("teams/b.yaml", "upstreams: {b: {endpoints: \"10.0.0.2:80\"}}")
            .With("teams/a.yaml", A)
            .With("teams/empty.yaml", "# nothing yet\n")
            .With("teams/.a.yaml.swp.yaml", "garbage: [")
            .With("teams/notes.txt", "garbage: [");

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(folder.Lines(result.Errors), Is.Empty);
            Assert.That(result.Options!.Upstreams.Keys, Is.EqualTo(new[] { "own", "a", "b" }));
            Assert.That(result.Files, Is.EqualTo(new[] { folder["lb.yaml"], folder["teams/a.yaml"], folder["teams/b.yaml"], folder["teams/empty.yaml"] }));
            Assert.That(result.Folders, Is.EqualTo(new[] { folder["teams"] }));
        });
    }

    [Test]
    public void Takes_several_paths_and_reads_a_file_once()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + "include: [a.yaml, ./a.yaml, \"?.yaml\"]\n").With("a.yaml", A);

        Assert.That(folder.Errors(), Is.Empty);
    }

    [Test]
    public void A_pattern_does_not_include_the_file_that_holds_it()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + "include: \"*.yaml\"\n").With("a.yaml", A);

        Assert.That(folder.Errors(), Is.Empty);
    }

    [Test]
    public void Takes_a_relative_path_of_the_main_file()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + "include: \"*.yaml\"\n").With("a.yaml", A);
        var relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), folder["lb.yaml"]);

        Assert.That(GatewayFile.Load(relative).Errors, Is.Empty);
    }

    [Test]
    public void A_name_defined_twice_is_an_error_that_names_both_places()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + "include: a.yaml\n" + A).With("a.yaml", "upstreams:\n  a: {endpoints: \"10.0.0.2:80\"}\n");

        Assert.That(folder.Errors(), Is.EqualTo(new[] { $"a.yaml:2:3: 'a' in upstreams is defined already, at {"lb.yaml:3:13"}" }));
    }

    [Test]
    public void An_included_file_holds_only_upstreams_limits_and_routes()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + A + "include: a.yaml\n").With("a.yaml", "listeners: {}\nupstream: {}\ninclude: b.yaml\n");

        Assert.That(folder.Errors(), Is.EqualTo(new[]
        {
            "a.yaml:1:1: 'listeners' is no key of an included file, which holds only upstreams, rate_limits, routes",
            "a.yaml:2:1: 'upstream' is no key of an included file, which holds only upstreams, rate_limits, routes; did you mean 'upstreams'?",
            "a.yaml:3:1: 'include' is no key of an included file, which holds only upstreams, rate_limits, routes",
        }));
    }

    [Test]
    public void Errors_of_every_file_are_reported_each_in_its_own_place()
    {
        using var folder = new ConfigFolder()
            .With("lb.yaml", Main + "include: \"teams/*\"\nlog: {level: x}\n")
            .With("teams/a", "upstreams:\n  a: {endpoints: x}\n")
            .With("teams/b", "upstreams: [\n")
            .With("teams/c", "upstreams: [a]\n");

        Assert.That(folder.Errors().Select(error => error.Split(' ')[0]), Is.EqualTo(new[] { "lb.yaml:3:14:", "teams/a:2:18:", "teams/b:2:1:", "teams/c:1:12:" }));
    }

    [Test]
    public void A_file_that_cannot_be_read_is_one_error_and_its_names_are_not_missed()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + "include: a.yaml\n");

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(folder.Lines(result.Errors), Is.EqualTo(new[] { "lb.yaml:2:10: cannot read a.yaml: no such file" }));
            Assert.That(result.Files, Does.Contain(folder["a.yaml"]), "the watcher waits for it");
        });
    }

    [Test]
    public void A_pattern_may_name_a_folder_that_is_not_there_yet()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + A + "include: \"teams/*.yaml\"\n");

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(result.Errors, Is.Empty);
            Assert.That(result.Folders, Is.EqualTo(new[] { folder["teams"] }));
        });
    }

    [TestCase("\"*/a.yaml\"", "'include' takes '*' and '?' in the name of a file, not of a folder")]
    [TestCase("\"${env:X}.yaml\"", "'include' takes no references; write the path itself")]
    public void Refuses_a_pattern_that_it_does_not_follow(string include, string error)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main + A + $"include: {include}\n");
        folder.Environment["X"] = "a";

        Assert.That(folder.Errors(), Is.EqualTo(new[] { $"lb.yaml:3:10: {error}" }));
    }

    [Test]
    public void A_reference_in_an_included_file_is_relative_to_that_file()
    {
        using var folder = new ConfigFolder()
            .With("lb.yaml", Main + "include: teams/a.yaml\n")
            .With("teams/a.yaml", "upstreams: {a: {endpoints: \"${file:address}\"}}")
            .With("teams/address", "10.0.0.1:80\n");

        Assert.That(folder.Errors(), Is.Empty);
    }
}
