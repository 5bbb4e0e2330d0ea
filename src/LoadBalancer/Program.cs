using LoadBalancer.Daemon.Cli;

return await new Shell(Terminal.OfProcess()).RunAsync(args);
