using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>A folder of one test's own with configuration files in it, removed with it.</summary>
internal sealed class ConfigFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lb-config-");

    /// <summary>The environment that references see; what is not in it is unset.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>A path in the folder.</summary>
    public string this[string name] => Path.Combine(_folder.FullName, name);

    /// <summary>Writes a file, and the folders above it.</summary>
    public ConfigFolder With(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this;
    }

    /// <summary>Loads the folder's lb.yaml.</summary>
    public LoadResult Load() => Load(new LoadSettings());

    /// <summary>Loads the folder's lb.yaml with settings.</summary>
    public LoadResult Load(LoadSettings settings) => GatewayFile.Load(this["lb.yaml"], name => Environment.GetValueOrDefault(name), settings);

    /// <summary>The errors of the folder's lb.yaml, one a line, with paths relative to the folder.</summary>
    public string[] Errors() => Lines(Load().Errors);

    /// <summary>Errors or warnings, one a line, with paths relative to the folder.</summary>
    public string[] Lines(IEnumerable<ConfigError> errors) =>
        [.. errors.Select(error => error.ToString().Replace(_folder.FullName + "/", "", StringComparison.Ordinal))];

    /// <summary>The errors of one text as lb.yaml.</summary>
    public static string[] ErrorsOf(string text)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        return folder.Errors();
    }

    /// <summary>The options of one text as lb.yaml, which must have no error.</summary>
    public static GatewayOptions OptionsOf(string text)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        var result = folder.Load();
        Assert.That(folder.Lines(result.Errors), Is.Empty);
        return result.Options!;
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
