using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Testing;

/// <summary>Reads the file of <c>lb test</c>: the same language, bounds and errors as lb.yaml.</summary>
internal static class TestFile
{
    /// <summary>Loads it. Bad input never throws.</summary>
    /// <param name="path">The file, which errors name as it is given here.</param>
    /// <param name="environment">An environment variable's value, null where it is unset.</param>
    /// <param name="errors">What is wrong with it, in the order of the file.</param>
    /// <returns>Null where something is wrong.</returns>
    public static TestFileOptions? Load(string path, Func<string, string?> environment, out IReadOnlyList<string> errors)
    {
        var files = new SourceFiles();
        var interpolation = new Interpolation(files, environment, lookUp: true);
        var reader = new ConfigReader(interpolation.Resolve);
        TestFileOptions? options = null;
        if (files.Read(path, YamlBounds.FileBytes, out var fault) is not { } text)
        {
            reader.Error(SourceSpan.Whole(path), $"cannot read the file: {fault}");
        }
        else if (new YamlSource(text, path, reader).Read() is { } root)
        {
            options = Kinds.Record<TestFileOptions>().Read(root, TestFileOptions.Shape.Blank(), reader);
            Check(options, root, reader);
        }

        errors = [.. reader.Errors.Select(error => error.ToString())];
        return errors.Count == 0 && options is not null ? options with { Secrets = [.. interpolation.Secrets] } : null;
    }

    private static void Check(TestFileOptions file, MapNode root, ConfigReader reader)
    {
        var list = root.Locate("tests");
        for (var at = 0; at < file.Tests.Count; at++)
        {
            var (test, place) = (file.Tests[at], list.LocateItem(at, file.Tests.Count));
            if (test.Assert is null == test.Request is null && reader.Errors.Count == 0)
            {
                reader.Error(place.Span, "a test has either 'request' with 'expect', or 'assert'");
            }
            else if (test.Request is null == test.Expect is not null && reader.Errors.Count == 0)
            {
                reader.Error(place.Span, "'request' and 'expect' belong together: without 'expect' nothing is tested");
            }
        }
    }
}
