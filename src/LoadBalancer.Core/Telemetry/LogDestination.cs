namespace LoadBalancer.Telemetry;

/// <summary>Where lines go: nowhere, standard output, standard error, or the end of a file.</summary>
/// <param name="Path">The file; null for the three others.</param>
/// <param name="Descriptor">The standard stream, 1 or 2; 0 for the others.</param>
public readonly record struct LogDestination(string? Path, int Descriptor)
{
    /// <summary>Nowhere.</summary>
    public static LogDestination Off => default;

    /// <summary>Standard output.</summary>
    public static LogDestination StandardOutput => new(null, 1);

    /// <summary>Standard error.</summary>
    public static LogDestination StandardError => new(null, 2);

    /// <summary>True where there is nothing to write to.</summary>
    public bool IsOff => Path is null && Descriptor == 0;

    /// <summary>The end of the file at <paramref name="path"/>, created with mode 0640 where it is absent.</summary>
    public static LogDestination File(string path) => new(path, 0);

    /// <summary>The destination that the file's <c>log.access</c> names: <c>off</c>, <c>stdout</c>, or a path.</summary>
    public static LogDestination Parse(string text) => text switch
    {
        "off" => Off,
        "stdout" => StandardOutput,
        _ => File(text),
    };

    /// <summary>The destination as the file would write it.</summary>
    public override string ToString() => Path ?? Descriptor switch { 1 => "stdout", 2 => "stderr", _ => "off" };
}
