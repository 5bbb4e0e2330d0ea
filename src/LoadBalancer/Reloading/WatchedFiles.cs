namespace LoadBalancer.Daemon.Reloading;

/// <summary>What a <see cref="ConfigWatcher"/> watches.</summary>
/// <param name="Files">Files that may change, be made or go away; full paths.</param>
/// <param name="Folders">Folders in which any file counts; full paths.</param>
/// <param name="HaveChanged">True where their content is another than what is known. Called on a pool thread after an event; it may say yes always.</param>
internal sealed record WatchedFiles(IReadOnlyList<string> Files, IReadOnlyList<string> Folders, Func<bool> HaveChanged);
