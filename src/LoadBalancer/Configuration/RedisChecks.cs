using LoadBalancer.Configuration;
using LoadBalancer.Redis;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of <c>state.redis</c> cannot tell alone: keys that contradict one another, and files that are no use.</summary>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets there are no private keys, and no file is looked at.</param>
internal sealed class RedisChecks(MapNode root, ConfigReader reader, LoadSettings settings)
{
    /// <summary>Checks it, where there is one.</summary>
    public void Run(RedisOptions? redis)
    {
        if (redis is null || root.Locate("state", "redis") is not { } written)
        {
            return;
        }

        foreach (var contradiction in redis.Contradictions())
        {
            reader.Error(written.Span, $"state.redis: {contradiction}");
        }

        if (!settings.WithoutSecrets && !reader.LeftUnknown && redis.HasUserWithoutPassword)
        {
            reader.Error(written.Span, "state.redis: there is a user without a password: give 'password', or write it behind the user's name, as in redis://lb:${credential:redis}@10.0.0.9");
        }

        if (redis.Tls is not { } tls)
        {
            return;
        }

        if (tls.Insecure)
        {
            reader.Warn(written.Span, "'insecure: true': the certificate of state.redis is not verified, so anybody on the way to it can read its password and change every count; give 'tls' a 'ca' instead");
        }

        if (!settings.WithoutSecrets && !reader.LeftUnknown && (tls.Cert is null) == (tls.Key is null))
        {
            FilesAreUsable(tls, written);
        }
    }

    private void FilesAreUsable(UpstreamTlsOptions tls, ConfigNode written)
    {
        try
        {
            UpstreamTlsFiles.Read(tls, ownName: null);
        }
        catch (TlsSetupException error)
        {
            reader.Error(written.Span, $"{error.File}: {error.Message}");
        }
    }
}
