using System.Net;
using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The configurations that come with the product.</summary>
public sealed partial class SamplesTests
{
    private static IEnumerable<string> Configurations =>
        WorkTree.Files.Where(file => file is "lb.yaml" or "packaging/lb.yaml" || (file.StartsWith("samples/", StringComparison.Ordinal) && file.EndsWith("/lb.yaml", StringComparison.Ordinal)));

    [TestCaseSource(nameof(Configurations))]
    public void Loads_without_an_error_or_a_warning(string file)
    {
        // Private keys are no part of a sample.
        var result = GatewayFile.Load(Path.Combine(WorkTree.Root, file), _ => null, new LoadSettings { WithoutSecrets = true });

        Assert.That(result.Errors.Concat(result.Warnings), Is.Empty);
        Assert.That(result.Options?.Listeners.Count, WorkTree.Read(file).Contains("${credential:", StringComparison.Ordinal) ? Is.Null : Is.GreaterThan(0), "what has a secret is not whole without it");
    }

    [Test]
    public void Each_sample_is_explained_in_their_readme()
    {
        var folders = WorkTree.Files.Where(file => file.StartsWith("samples/", StringComparison.Ordinal)).Select(file => file.Split('/')).Where(path => path.Length > 2).Select(path => path[1]).Distinct();

        Assert.That(folders.Where(folder => !WorkTree.Read("samples/README.md").Contains($"| [{folder}](", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void The_demo_waits_for_the_ports_that_its_file_names()
    {
        var options = GatewayFile.Load(Path.Combine(WorkTree.Root, "lb.yaml")).Options!;
        var inFile = options.Listeners.Values.SelectMany(listener => listener.Bind)
            .Concat(options.Admin.Bind).Concat(options.Upstreams.Values.SelectMany(upstream => upstream.Endpoints).Select(endpoint => endpoint.Address))
            .Select(address => ((IPEndPoint)address).Port);

        var waited = PortsOfTheDemo().Match(WorkTree.Read("samples/hello/run"));

        Assert.That(waited.Groups[1].Value.Split(' ').Select(int.Parse), Is.EquivalentTo(inFile));
    }

    [GeneratedRegex(@"for port in ([\d ]+\d); do")]
    private static partial Regex PortsOfTheDemo();
}
