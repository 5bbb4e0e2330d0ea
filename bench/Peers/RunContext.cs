namespace LoadBalancer.Peers;

/// <summary>What every part of a run needs: the cores, a folder for its files, the clock.</summary>
internal sealed record RunContext(Cores Cores, string Folder, TimeProvider Time);
