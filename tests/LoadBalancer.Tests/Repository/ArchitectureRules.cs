using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// The manners of the house that can be read from the source. Each rule takes a file and says what is wrong, where, and why
/// it is a rule; nothing means that the file keeps it.
/// </summary>
internal static partial class ArchitectureRules
{
    private const int LongFile = 400;

    private static readonly HashSet<string> SayNothing = ["Manager", "Helper", "Utils", "Common", "Base", "Impl", "Info"];

    /// <summary>A file imports only the folders that the table gives to its own.</summary>
    /// <param name="file">The file.</param>
    /// <param name="all">Every file, to know which types a folder holds: <c>Tcp.Relay</c> needs no using to be an import.</param>
    public static IEnumerable<string> Imports(SourceFile file, IReadOnlyList<SourceFile> all)
    {
        if (ProjectRules.For(file) is not { } project)
        {
            yield return $"{file.Path}: is in no project of ProjectRules; add the project there, with what it may import and why";
            yield break;
        }

        var folder = Folder(file, project);
        var row = project.Folders.FirstOrDefault(rule => rule.Folder == folder);
        if (folder.Length > 0 && row is null && !project.Everyone.Contains(folder))
        {
            yield return $"{file.Path}: the folder {folder} is not in ProjectRules; add a row that says what it may import and why";
            yield break;
        }

        string[]? mayImport = folder.Length == 0 && row is null ? null : [.. project.Everyone, .. row?.MayImport.Select(edge => edge.Folder) ?? []];
        foreach (var import in file.Imports.Concat(Qualified(file, project, all)))
        {
            if (import.Everywhere)
            {
                yield return $"{file.Path}:{import.Line}: a global using hides what a file imports; write it where it is needed";
            }
            else if (Refuses(file, project, folder, mayImport, import.Target) is { } refusal)
            {
                yield return $"{file.Path}:{import.Line}: {refusal}";
            }
        }
    }

    /// <summary>Policies never use each other: each can be read, and taken out, alone.</summary>
    public static IEnumerable<string> PoliciesApart(SourceFile file)
    {
        const string Root = "LoadBalancer.Http.Policies.";
        var own = file.Namespace is { } name && name.StartsWith(Root, StringComparison.Ordinal) ? name[Root.Length..].Split('.')[0] : null;
        return own is null ? [] : file.Imports
            .Where(import => import.Target.StartsWith(Root, StringComparison.Ordinal) && import.Target[Root.Length..].Split('.')[0] != own)
            .Select(import => $"{file.Path}:{import.Line}: the policy {own} uses {import.Target[Root.Length..]}; what both need belongs to neither");
    }

    /// <summary>A file's namespace is its folder, or the table above would guard names instead of places.</summary>
    public static IEnumerable<string> Namespaces(SourceFile file)
    {
        if (ProjectRules.For(file) is not { } project || file.Types.Count == 0)
        {
            yield break;
        }

        var inner = Path.GetDirectoryName(file.Path[(project.Path.Length + 1)..])!.Replace('/', '.');
        var expected = inner.Length == 0 ? project.Namespace : $"{project.Namespace}.{inner}";
        if (file.Namespace != expected)
        {
            yield return $"{file.Path}: declares the namespace {file.Namespace ?? "(none)"}, its folder says {expected}";
        }
    }

    /// <summary>A type is found by its name: one top-level type to a file, and the file is called as it is.</summary>
    public static IEnumerable<string> OneType(SourceFile file) =>
        file.Types.Where(type => type.TopLevel && type.Name != file.Stem)
            .Select(type => $"{file.Path}:{type.Line}: {type.Name} belongs in a file of its own, {type.Name}.cs: a type is found by its name");

    /// <summary>A name says what the thing is in the field; these words fit everything and say nothing.</summary>
    public static IEnumerable<string> TypeNames(SourceFile file) =>
        from type in file.Types
        from word in Words().Matches(type.Name).Select(match => match.Value)
        where SayNothing.Contains(word) && !file.Excused(type.Line)
        select $"{file.Path}:{type.Line}: '{word}' in {type.Name} fits everything and says nothing; use the field's noun (docs/glossary.md)";

    /// <summary>A file that does not fit the head owes its reader the reason.</summary>
    public static IEnumerable<string> Length(SourceFile file)
    {
        var lines = file.Lines.Count - (file.Lines[^1].Length == 0 ? 1 : 0);
        if (lines > LongFile && !OpensWithComment(file))
        {
            yield return $"{file.Path}: {lines} lines; over {LongFile} a file opens with a comment that says why it is one file, or becomes two";
        }
    }

    /// <summary>The hot path leases what was allocated when it was built: an operator over sequences allocates on every call.</summary>
    public static IEnumerable<string> HotPathLinq(SourceFile file) =>
        !IsHot(file) ? [] : file.Imports.Where(import => import.Target == "System.Linq" && !file.Excused(import.Line))
            .Select(import => $"{file.Path}:{import.Line}: using System.Linq on the hot path, where nothing may be allocated");

    /// <summary>Whatever belongs to a connection is touched on its loop's thread only; one thread that waits is a loop that stands still.</summary>
    public static IEnumerable<string> HotPathLocks(SourceFile file) =>
        !IsHot(file) ? [] : file.LinesWith(Lock())
            .Select(line => $"{file.Path}:{line}: a lock on the hot path stops a whole loop; post to the loop that owns the state, or publish it whole (Live)");

    /// <summary>What is in the product is finished; what is missing is an issue, or docs/out-of-scope.md.</summary>
    public static IEnumerable<string> Unfinished(SourceFile file) =>
        from index in Enumerable.Range(0, file.Lines.Count)
        where UnfinishedMark().IsMatch(file.Lines[index])
        select $"{file.Path}:{index + 1}: work left for later; finish it or leave it out";

    /// <summary>LINQ in what a compiled assembly runs on the hot path; what only builds may use it. Usings do not tell: System.Linq is imported everywhere.</summary>
    /// <remarks>ToArray and ToList are let pass: a collection expression compiles to them.</remarks>
    public static IEnumerable<string> HotPathLinqCalls(IReadOnlyList<CompiledMethod> methods, IReadOnlyList<SourceFile> all)
    {
        var building = CompiledMethods.ThatBuild(methods, IsCold);
        return from method in methods
               where IsHot(method) && !building.Contains(method.Token)
               from call in method.Calls
               where call.Type == "System.Linq.Enumerable" && call.Method is not ("ToArray" or "ToList") && !Excused(method, call.Method, all)
               select $"{method.Namespace}.{method.Type}.{method.Name}: calls Enumerable.{call.Method} on the hot path, where nothing may be allocated";
    }

    /// <summary>Assemblies that a project free of HTTP must not reference.</summary>
    public static IEnumerable<string> HttpReferences(IEnumerable<string> references) =>
        references.Where(name =>
            (name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) || name.StartsWith("Microsoft.Net.Http.", StringComparison.Ordinal))
            && name is not ("Microsoft.AspNetCore.Connections.Abstractions" or "Microsoft.AspNetCore.Http.Features"));

    private static string? Refuses(SourceFile file, ProjectRules project, string folder, string[]? mayImport, string target)
    {
        var owner = ProjectRules.All.FirstOrDefault(other => Within(target, other.Namespace));
        if (owner is null)
        {
            return ProjectRules.Confined
                .Where(rule => Within(target, rule.Namespace) && !rule.Except.Any(free => Within(target, free)))
                .Where(rule => !rule.Folders.Contains(Path.GetDirectoryName(file.Path)) && !rule.Folders.Contains($"{project.Path}/{folder}"))
                .Select(rule => $"{target} belongs to {string.Join(" and ", rule.Folders)}: {rule.Reason}")
                .FirstOrDefault();
        }

        if (owner != project)
        {
            return project.Projects.Contains(owner.Namespace) ? null : $"{project.Path} may not know {owner.Path}: the arrow points the other way";
        }

        var imported = ProjectRules.FolderOf(target, project.Namespace);
        foreach (var apart in ProjectRules.Apart)
        {
            if (apart.Project == project && apart.Folder == folder && apart.Imported == imported)
            {
                return $"{folder} may not import {imported}: {apart.Reason}";
            }
        }

        var known = imported.Length > 0 && (project.Everyone.Contains(imported) || project.Folders.Any(rule => rule.Folder == imported));
        return !known || imported == folder || mayImport is null || mayImport.Contains(imported)
            ? null
            : $"{(folder.Length == 0 ? project.Namespace : folder)} may not import {imported}; if it must, give the arrow its reason in ProjectRules";
    }

    /// <summary>Imports without a using: names written out, in full or from a sibling namespace on.</summary>
    private static IEnumerable<Import> Qualified(SourceFile file, ProjectRules project, IReadOnlyList<SourceFile> all)
    {
        var declared = file.Imports.Select(import => import.Line).ToHashSet();
        foreach (Match name in QualifiedName().Matches(file.Code))
        {
            var line = file.LineOf(name.Index);
            if (!declared.Contains(line) && !file.Lines[line - 1].TrimStart().StartsWith("namespace ", StringComparison.Ordinal))
            {
                yield return new Import(name.Value, line);
            }
        }

        foreach (Match name in HalfQualifiedName().Matches(file.Code))
        {
            var (folder, type) = (name.Groups[1].Value, name.Groups[2].Value);
            if (all.Any(other => Within(other.Namespace ?? "", $"{project.Namespace}.{folder}") && other.Types.Any(found => found.Name == type)))
            {
                yield return new Import($"{project.Namespace}.{folder}", file.LineOf(name.Index));
            }
        }
    }

    private static bool IsHot(SourceFile file) =>
        ProjectRules.For(file) is { } project && ProjectRules.HotPath.Contains((project, Folder(file, project)));

    private static ProjectRules? ProjectOf(CompiledMethod method) => ProjectRules.All.FirstOrDefault(project => Within(method.Namespace, project.Namespace));

    // What reads the file and what checks it, and the builders of Http beside its folders. In Core a folder that is not hot may run all the same.
    private static bool IsCold(CompiledMethod method) =>
        (ProjectOf(method) == ProjectRules.Http && !IsHot(method)) || ColdType().IsMatch(method.Type);

    private static bool IsHot(CompiledMethod method) =>
        ProjectOf(method) is { } project && ProjectRules.HotPath.Contains((project, ProjectRules.FolderOf(method.Namespace, project.Namespace)));

    private static bool Excused(CompiledMethod method, string called, IReadOnlyList<SourceFile> all) =>
        all.Where(file => file.Namespace == method.Namespace && file.Types.Any(type => type.Name == method.Type))
            .Any(file => Enumerable.Range(1, file.Lines.Count).Any(line => file.Lines[line - 1].Contains($".{called}(", StringComparison.Ordinal) && file.Excused(line)));

    private static bool OpensWithComment(SourceFile file) => file.Lines[0].StartsWith("// ", StringComparison.Ordinal) && file.Lines[0].Length > 30;

    private static string Folder(SourceFile file, ProjectRules project) =>
        file.Path[(project.Path.Length + 1)..].Split('/') is [var first, _, ..] ? first : "";

    private static bool Within(string target, string root) =>
        target == root || target.StartsWith(root + ".", StringComparison.Ordinal);

    [GeneratedRegex(@"[A-Z][a-z0-9]*")]
    private static partial Regex Words();

    [GeneratedRegex(@"(?<![\w.@])lock\s*\(")]
    private static partial Regex Lock();

    [GeneratedRegex("(Kind|Options|Conflicts|Conflict|Catalog)$")]
    private static partial Regex ColdType();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex UnfinishedMark();

    [GeneratedRegex(@"(?<![\w.])LoadBalancer(?:\.\w+)+")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"(?<![\w.])([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex HalfQualifiedName();
}
