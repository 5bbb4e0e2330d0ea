using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>What documents may name: the repository's files and types, the platform's public types, the targets of the Makefile.</summary>
internal sealed partial class KnownNames
{
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private readonly ILookup<string, SourceFile> _types;
    private readonly HashSet<string> _claims;
    private readonly HashSet<string> _platform;
    private readonly HashSet<string> _targets;

    /// <summary>The names of a repository with these files, C# sources, platform types and Makefile.</summary>
    public KnownNames(IEnumerable<string> files, IEnumerable<SourceFile> sources, IEnumerable<string> platform, string makefile)
    {
        foreach (var file in files)
        {
            _paths.Add(file);
            for (var slash = file.LastIndexOf('/'); slash > 0; slash = file.LastIndexOf('/', slash - 1))
            {
                _paths.Add(file[..slash]);
            }
        }

        var read = sources.ToArray();
        _types = read.SelectMany(source => source.Types.Select(type => (type.Name, Source: source))).ToLookup(pair => pair.Name, pair => pair.Source);
        _claims = [.. read.SelectMany(source => Claim().Matches(source.Code).Select(claim => claim.Value))];
        _platform = [.. platform];
        _targets = [.. Target().Matches(makefile).Select(target => target.Groups[1].Value)];
    }

    /// <summary>Those of this repository and the platform that it runs on.</summary>
    public static KnownNames Here { get; } = new(
        WorkTree.Files,
        WorkTree.Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)).Select(file => new SourceFile(file, WorkTree.Read(file))),
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').SelectMany(PublicTypes),
        WorkTree.Read("Makefile"));

    /// <summary>True where a file or folder has this path, or ends in it.</summary>
    public bool HasPath(string path) =>
        _paths.Contains(path) || _paths.Any(known => known.EndsWith("/" + path, StringComparison.Ordinal));

    /// <summary>True where a file or folder has exactly this path; the empty path is the root.</summary>
    public bool HasExactPath(string path) => path.Length == 0 || _paths.Contains(path);

    /// <summary>True where a type has this name, with or without namespaces before it, or a type of ours has this member, or a test makes this claim.</summary>
    public bool HasType(string name)
    {
        var parts = name.Split('.');
        return _types.Contains(parts[^1]) || _platform.Contains(parts[^1]) || _claims.Contains(name)
            || (parts is [.., var type, var member]
                && (_platform.Contains(type) || _types[type].Any(source => Regex.IsMatch(source.Code, $@"\b{Regex.Escape(member)}\b"))));
    }

    /// <summary>True where the Makefile has this target.</summary>
    public bool HasTarget(string target) => _targets.Contains(target);

    private static IEnumerable<string> PublicTypes(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        if (!file.HasMetadata)
        {
            yield break;
        }

        var metadata = file.GetMetadataReader();
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            if ((type.Attributes & TypeAttributes.VisibilityMask) is TypeAttributes.Public or TypeAttributes.NestedPublic)
            {
                yield return metadata.GetString(type.Name).Split('`')[0];
            }
        }
    }

    /// <summary>A test's name: <c>Keeps_every_place</c>.</summary>
    [GeneratedRegex(@"\b[A-Z][a-z]*(?:_[a-z0-9]+)+(?=\()")]
    private static partial Regex Claim();

    [GeneratedRegex(@"^([a-z][\w-]*):(?!=)", RegexOptions.Multiline)]
    private static partial Regex Target();
}
