namespace LoadBalancer.Daemon.State;

/// <summary>What version-DIGEST.json holds: a configuration that took effect.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Main">The full path of the main file.</param>
/// <param name="Files">The text of each file by its full path, as it was read: references are in it as they are written.</param>
internal sealed record KeptVersion(int Version, string Main, IReadOnlyDictionary<string, string> Files);
