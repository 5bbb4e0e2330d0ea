namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// The text of a configuration's files as it was read, so that it can be loaded again after they have changed. What references name
/// (<c>${file:}</c> and the like) is not in it: secrets stay where they are.
/// </summary>
/// <param name="Main">The main file; a full path.</param>
/// <param name="Texts">The text of the main file and of those that it includes, by full path.</param>
internal sealed record ConfigSources(string Main, IReadOnlyDictionary<string, string> Texts);
