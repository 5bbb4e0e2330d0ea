namespace LoadBalancer.Http.Routing;

/// <summary>Where a <see cref="PathTrie"/> has the paths of one host.</summary>
/// <param name="Start">The state above all paths, as <see cref="PathStep.To"/> has it.</param>
/// <param name="Regexes">The first candidate that has a regular expression; 0 for none.</param>
/// <param name="Any">The first candidate for every path; 0 for none.</param>
/// <param name="Depth">How many segments the longest path has.</param>
internal readonly record struct PathRoot(int Start, int Regexes, int Any, int Depth);
