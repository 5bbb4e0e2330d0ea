using CommandLine;
using LoadBalancer.Peers;

return await Parser.Default.ParseArguments<PeersOptions>(args).MapResult(PeersRun.FromOptionsAsync, _ => Task.FromResult(2));
