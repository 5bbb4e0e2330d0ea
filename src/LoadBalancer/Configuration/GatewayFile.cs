using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// Loads lb.yaml: text → nodes → includes merged → options with every error collected → cross checks. Bad input never
/// throws, a missing or unreadable file included. It changes nothing in the process; thread-safe.
/// </summary>
internal static class GatewayFile
{
    /// <summary>Where the file is unless the command line says otherwise.</summary>
    public const string DefaultPath = "/etc/lb/lb.yaml";

    /// <summary>Loads with the environment of this process.</summary>
    public static LoadResult Load(string path) => Load(path, Environment.GetEnvironmentVariable, new LoadSettings());

    /// <summary>Loads the file at <paramref name="path"/>.</summary>
    /// <param name="path">The main file, which errors name as it is given here.</param>
    /// <param name="environment">An environment variable's value, null where it is unset.</param>
    public static LoadResult Load(string path, Func<string, string?> environment) => Load(path, environment, new LoadSettings());

    /// <summary>As above, with settings.</summary>
    public static LoadResult Load(string path, Func<string, string?> environment, LoadSettings settings)
    {
        var files = new SourceFiles(settings.Kept);
        var interpolation = new Interpolation(files, environment, lookUp: !settings.WithoutSecrets);
        var reader = new ConfigReader(interpolation.Resolve);
        var includes = new Includes(files, reader, settings.Routes);
        var options = Read(path, files, includes, reader, settings);
        return new LoadResult
        {
            Options = reader.Errors.Count == 0 && !reader.LeftUnknown && options is not null ? options with { Secrets = [.. interpolation.Secrets] } : null,
            Errors = InOrder(reader.Errors, files),
            Warnings = InOrder(reader.Warnings, files),
            Files = files.Asked,
            Digest = files.Digest(),
            Folders = includes.Folders,
            Sources = new ConfigSources(SourceFiles.Full(path), files.Texts),
        };
    }

    /// <summary>
    /// Where the daemon of this file takes questions, as well as that can be told: from a file that is refused for other
    /// reasons too, be it no YAML at all, and by a user who may not read its secrets.
    /// </summary>
    /// <returns>The options, null where not even their addresses can be read; and what is wrong with the file.</returns>
    public static (AdminOptions? Options, IReadOnlyList<string> Errors) LoadAdmin(string path, Func<string, string?> environment)
    {
        var files = new SourceFiles();
        var reader = new ConfigReader(new Interpolation(files, environment, lookUp: true).Resolve);
        if (files.Read(path, YamlBounds.FileBytes, out var fault) is not { } text)
        {
            return (null, [$"{path}: cannot read the file: {fault}"]);
        }

        if (new YamlSource(text, path, reader).Read() is { } root)
        {
            // An empty one is being written: no lb runs it.
            return root.Entries.Count == 0 ? (null, [$"{path}: the file is empty"]) : (AdminOf(root, reader), Lines(reader));
        }

        // The errors of the whole are the ones to be told: places in a part of it would be wrong.
        var apart = new ConfigReader(new Interpolation(files, environment, lookUp: true).Resolve);
        var block = TopLevelBlock.In(text, "admin") is { } lines ? new YamlSource(lines, path, apart).Read() : null;
        return (block is null ? null : AdminOf(block, apart), Lines(reader));

        static IReadOnlyList<string> Lines(ConfigReader reader) => [.. reader.Errors.Select(error => error.ToString())];
    }

    /// <summary>What the file says of the state folder, from a file that is refused too; where it does not tell, what holds for a file that says nothing.</summary>
    public static StateOptions LoadState(string path, Func<string, string?> environment)
    {
        var files = new SourceFiles();
        if (files.Read(path, YamlBounds.FileBytes, out _) is not { } text)
        {
            return new StateOptions();
        }

        var reader = new ConfigReader(new Interpolation(files, environment, lookUp: true).Resolve);
        var root = new YamlSource(text, path, reader).Read() ?? (TopLevelBlock.In(text, "state") is { } block ? new YamlSource(block, path, reader).Read() : null);
        var before = reader.Errors.Count;
        var state = root?.Find("state")?.Value is { } node ? Kinds.Record<StateOptions>().Read(node, StateOptions.Shape.Blank(), reader) : null;
        return state is null || reader.Errors.Count > before ? new StateOptions() : state;
    }

    private static AdminOptions? AdminOf(MapNode root, ConfigReader reader)
    {
        if (root.Find("admin")?.Value is not { } node)
        {
            return new AdminOptions();
        }

        // Addresses that cannot be read must not be taken for the default ones.
        var before = reader.Errors.Count;
        if ((node as MapNode)?.Find("bind") is { } bind)
        {
            Kinds.Record<AdminOptions>().Read(new MapNode(node.Span, node.Label, [bind]), AdminOptions.Shape.Blank(), reader);
        }
        else if (node is not MapNode and not ScalarNode { IsEmpty: true })
        {
            Kinds.Record<AdminOptions>().Read(node, AdminOptions.Shape.Blank(), reader);
        }

        return reader.Errors.Count > before ? null : Kinds.Record<AdminOptions>().Read(node, AdminOptions.Shape.Blank(), reader);
    }

    /// <summary>The digest that a load would have now whose files were <paramref name="paths"/>.</summary>
    public static string DigestOf(IEnumerable<string> paths)
    {
        var files = new SourceFiles();
        foreach (var path in paths)
        {
            files.Read(path, YamlBounds.FileBytes, out _);
        }

        return files.Digest();
    }

    private static GatewayOptions? Read(string path, SourceFiles files, Includes includes, ConfigReader reader, LoadSettings settings)
    {
        if (files.ReadSource(path, out var fault) is not { } text)
        {
            reader.Error(SourceSpan.Whole(path), $"cannot read the file: {fault}");
            return null;
        }

        if (YamlSource.ReadFile(text, path, reader, settings.Routes) is not { } main)
        {
            return null;
        }

        var root = includes.Merge(main);
        settings.Routes?.Prepare(root, name => files.Texts.GetValueOrDefault(SourceFiles.Full(name)));
        var options = GatewayOptions.Shape.Read(root, GatewayOptions.Shape.Blank(), reader);
        new CrossChecks(options, root, reader, settings).Run(includes.AreWhole);
        if (reader.Errors.Count == 0)
        {
            settings.Routes?.Keep(root);
        }

        return options;
    }

    // Keys are read in the order of their shapes; whoever corrects a file goes through it from top to bottom.
    private static List<ConfigError> InOrder(IReadOnlyList<ConfigError> errors, SourceFiles files) =>
        [.. errors
            .OrderBy(error => files.Asked.IndexOf(SourceFiles.Full(error.Place.File)))
            .ThenBy(error => error.Place.Line == 0 ? int.MaxValue : error.Place.Line)
            .ThenBy(error => error.Place.Column)];
}
