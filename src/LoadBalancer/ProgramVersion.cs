using System.Reflection;

namespace LoadBalancer.Daemon;

/// <summary>Which program runs: the release, and the commit that it was built from where the build knew it.</summary>
internal static class ProgramVersion
{
    private const int ShortCommit = 10;

    // The SDK writes "0.1.0+" and the whole commit.
    private static readonly string[] Parts =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+');

    /// <summary>The release, <c>0.1.0</c>.</summary>
    public static string Number => Parts[0];

    /// <summary>The commit, shortened; empty where it is not known.</summary>
    public static string Commit { get; } = Parts is [_, { Length: >= ShortCommit } commit] ? commit[..ShortCommit] : "";
}
