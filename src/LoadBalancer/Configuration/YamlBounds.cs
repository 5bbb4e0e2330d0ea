namespace LoadBalancer.Daemon.Configuration;

/// <summary>Bounds on what is read, checked before anything is built of it: a file may come from a person who means harm, or be the wrong one.</summary>
internal static class YamlBounds
{
    /// <summary>Bytes of one file.</summary>
    public const int FileBytes = 5_000_000;

    /// <summary>Bytes of a file that <c>${file:}</c> or <c>${credential:}</c> names.</summary>
    public const int ReferenceBytes = 1_000_000;

    /// <summary>Lists and maps inside one another.</summary>
    public const int Depth = 64;

    /// <summary>Values of one file, keys counted too.</summary>
    public const int Values = 200_000;

    /// <summary>Files that <c>include</c> brings in.</summary>
    public const int IncludedFiles = 1000;

    /// <summary>Characters of all those files together.</summary>
    public const int IncludedCharacters = 20_000_000;
}
