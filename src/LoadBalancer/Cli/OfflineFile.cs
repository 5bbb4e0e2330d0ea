using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Explaining;

namespace LoadBalancer.Daemon.Cli;

/// <summary>A configuration that a verb puts questions to.</summary>
internal static class OfflineFile
{
    /// <summary>Loads and builds it; null where it is no use, and then why is on stderr.</summary>
    public static async Task<OfflineGateway?> OpenAsync(string path, Terminal terminal)
    {
        var loaded = GatewayFile.Load(path, terminal.Environment);
        foreach (var error in loaded.Errors)
        {
            await terminal.Error.WriteLineAsync(error.ToString());
        }

        try
        {
            return loaded.Options is { } options ? OfflineGateway.Build(options, TimeProvider.System) : null;
        }
        catch (IOException error)
        {
            await terminal.Error.WriteLineAsync($"lb: {error.Message}");
            return null;
        }
    }
}
