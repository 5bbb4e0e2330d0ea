using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Configuration;
using YamlDotNet.RepresentationModel;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// packaging/Dockerfile and samples/compose, read as text: no image can be had where these tests run. What lb does under a
/// limit of processors or memory is in ContainerScenarios.
/// </summary>
public sealed partial class ContainerTests
{
    private static readonly string Dockerfile = WorkTree.Read("packaging/Dockerfile");
    private static readonly string[] Instructions = [.. Instruction().Matches(Dockerfile.Replace("\\\n", " ", StringComparison.Ordinal)).Select(found => found.Value)];

    [Test]
    public void No_shell_stands_between_a_signal_and_the_program()
    {
        Assert.That(Of("ENTRYPOINT"), Is.EqualTo("""ENTRYPOINT ["/usr/bin/lb"]"""));
        Assert.That(Of("CMD"), Does.Match("""^CMD \["run", "-c", "/etc/lb/lb.yaml"\]$"""));
        Assert.That(Of("STOPSIGNAL"), Is.EqualTo("STOPSIGNAL SIGTERM"));
    }

    [Test]
    public void Its_health_is_asked_for_by_the_program_itself_of_the_file_that_it_runs()
    {
        var check = System.Text.Json.JsonSerializer.Deserialize<string[]>(Of("HEALTHCHECK").Split(" CMD ")[1])!;
        var run = System.Text.Json.JsonSerializer.Deserialize<string[]>(Of("CMD")[4..])!;

        Assert.That(check, Is.EqualTo((string[])["/usr/bin/lb", "status", .. run[1..]]));
        Assert.That(GatewayFile.Load(Path.Combine(WorkTree.Root, "packaging/lb.yaml")).Options!.Admin.Bind, Is.Not.Empty);
        Assert.That(Sample().Admin.Bind, Is.Not.Empty);
    }

    /// <summary>An upgrade does, and is refused to process 1.</summary>
    [Test]
    public void The_program_starts_no_process_that_somebody_would_have_to_reap() =>
        Assert.That(WorkTree.Sources.Where(source => StartsProcess().IsMatch(source.Code)).Select(source => source.Path), Is.EquivalentTo(new[] { "src/LoadBalancer/Upgrading/Detachment.cs", "src/LoadBalancer/Upgrading/Successor.cs" }));

    [Test]
    public void Nobody_in_it_is_root()
    {
        var owners = Regex.Matches(Dockerfile, @"--chown=(\d+):(\d+)").SelectMany(owner => new[] { owner.Groups[1].Value, owner.Groups[2].Value });

        Assert.That(Of("USER"), Does.Match("^USER [1-9][0-9]*$"));
        Assert.That(owners, Has.All.EqualTo(Of("USER")[5..]).And.Not.Empty);
    }

    [Test]
    public void Every_image_says_which_version()
    {
        var images = Instructions.Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]).Concat(Services().Values.Select(Image).OfType<string>()).ToList();

        Assert.That(images, Has.Count.GreaterThan(3));
        Assert.That(images, Has.All.Match(@":v?\d+\.\d+[\w.-]*$"));
    }

    [Test]
    public void The_sdk_is_that_of_global_json() =>
        Assert.That(WorkTree.Read("global.json"), Does.Contain($"\"version\": \"{Regex.Match(Dockerfile, @"/sdk:([\d.]+) AS build").Groups[1].Value}."));

    [Test]
    public void Builds_what_make_publish_builds()
    {
        var makefile = WorkTree.Read("Makefile");
        var published = makefile[makefile.IndexOf("\nartifacts/lb:", StringComparison.Ordinal)..];
        published = published[..published.IndexOf("@touch", StringComparison.Ordinal)];

        Assert.That(Property().Matches(published).Select(property => property.Value), Is.SubsetOf(Property().Matches(Dockerfile).Select(property => property.Value)).And.Not.Empty);
    }

    [Test]
    public void What_it_copies_and_builds_from_is_sent_to_the_build()
    {
        var sent = WorkTree.Read("packaging/Dockerfile.dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();

        Assert.That(sent.Where(path => !WorkTree.Files.Any(file => file == path || file.StartsWith($"{path}/", StringComparison.Ordinal))), Is.Empty, "no such file");
        Assert.That(new[] { "src", "packaging/lb.yaml", "Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", "global.json", ".editorconfig" }, Is.SubsetOf(sent));
    }

    [Test]
    public void Compose_waits_longer_than_the_daemon_drains()
    {
        var options = Sample();

        Assert.That(Seconds("lb", "stop_grace_period"), Is.GreaterThan((options.Shutdown.UnreadyFor + options.Shutdown.Drain).TotalSeconds));
    }

    [Test]
    public void Compose_runs_the_endpoints_and_opens_the_port_that_the_file_names()
    {
        var options = Sample();
        Assert.That(options.Upstreams.Values.Select(upstream => $"{upstream.Discover!.Dns}"), Is.EqualTo(new[] { "hello:8000" }));
        Assert.That(Services().Where(service => Aliases(service.Value).Contains("hello")).Select(service => service.Key), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(options.Listeners.Values.SelectMany(listener => listener.Bind).Select(address => $"{address}".Split(':')[^1]), Is.EqualTo(new[] { "8080" }));
        Assert.That(((YamlSequenceNode)Services()["lb"]["ports"]).Select(port => $"{port}"), Is.EqualTo(new[] { "8080:8080" }));
    }

    [Test]
    public void Compose_gives_descriptors_for_what_the_listener_accepts()
    {
        var most = Sample().Listeners.Values.Sum(listener => listener.MaxConnections);

        Assert.That(int.Parse($"{Services()["lb"]["ulimits"]["nofile"]}", System.Globalization.CultureInfo.InvariantCulture), Is.GreaterThan(2 * most));
    }

    private static string Of(string instruction) => Instructions.Single(line => line.StartsWith($"{instruction} ", StringComparison.Ordinal));

    private static GatewayOptions Sample() => GatewayFile.Load(Path.Combine(WorkTree.Root, "samples/compose/lb/lb.yaml")).Options!;

    private static string? Image(YamlMappingNode service) => service.Children.TryGetValue("image", out var image) ? $"{image}" : null;

    private static IEnumerable<string> Aliases(YamlMappingNode service) =>
        service["networks"] is YamlMappingNode networks ? ((YamlSequenceNode)networks["front"]["aliases"]).Select(alias => $"{alias}") : [];

    private static int Seconds(string service, string key) =>
        int.Parse($"{Services()[service][key]}".TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture);

    private static Dictionary<string, YamlMappingNode> Services()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(WorkTree.Read("samples/compose/compose.yaml")));
        return ((YamlMappingNode)yaml.Documents[0].RootNode["services"]).Children.ToDictionary(entry => $"{entry.Key}", entry => (YamlMappingNode)entry.Value);
    }

    [GeneratedRegex(@"^[A-Z]+ .*$", RegexOptions.Multiline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\bProcess\.Start\b|\bnew Process(StartInfo)?\b")]
    private static partial Regex StartsProcess();

    [GeneratedRegex(@"-p:\w+=[\w./]+")]
    private static partial Regex Property();
}
