namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>What one folder of one project may import.</summary>
/// <param name="Folder">The first folder below the project.</param>
/// <param name="MayImport">The folders of the same project, each with the reason why this one needs it.</param>
internal sealed record FolderRule(string Folder, params (string Folder, string Reason)[] MayImport);
