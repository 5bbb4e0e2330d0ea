using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Testing;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>
/// Every configuration that a reader may copy loads as it stands: fences marked yaml in README.md and docs, which are a
/// whole file or some of its top-level keys, or a file of `lb test`, and every lb.yaml of the repository, which is whole.
/// </summary>
internal sealed partial class DocumentedConfigurationTests
{
    [TestCaseSource(nameof(Snippets))]
    public void A_snippet_loads(string document, string text)
    {
        if (text.StartsWith("config:", StringComparison.Ordinal))
        {
            using var tests = new ConfigFolder().With("tests.yaml", text);
            TestFile.Load(tests["tests.yaml"], _ => null, out var errors);
            Assert.That(errors, Is.Empty, document);
            return;
        }

        using var folder = new ConfigFolder().With("lb.yaml", text);
        var whole = text.Contains("listeners:", StringComparison.Ordinal) && text.Contains("upstreams:", StringComparison.Ordinal);

        var result = folder.Load(new LoadSettings { WithoutSecrets = true, Fragment = !whole });

        Assert.That(folder.Lines(result.Errors), Is.Empty, document);
    }

    [TestCaseSource(nameof(Files))]
    public void A_file_loads(string file) =>
        Assert.That(GatewayFile.Load(Path.Combine(Clone.Root, file), _ => null, new LoadSettings { WithoutSecrets = true }).Errors, Is.Empty);

    private static IEnumerable<TestCaseData> Snippets() =>
        from path in Directory.EnumerateFiles(Clone.Root, "README.md").Concat(Clone.Files("docs", "*.md")).Order(StringComparer.Ordinal)
        let text = File.ReadAllText(path)
        from fence in Fence().Matches(text)
        let place = $"{Path.GetRelativePath(Clone.Root, path)}:{text.AsSpan(0, fence.Index).Count('\n') + 1}"
        select new TestCaseData(place, fence.Groups[1].Value).SetArgDisplayNames(place);

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Clone.Root, "lb.yaml")
            .Concat(Clone.Files("samples", "lb.yaml"))
            .Concat(Clone.Files("packaging", "lb.yaml"))
            .Select(path => Path.GetRelativePath(Clone.Root, path))
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^```yaml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
