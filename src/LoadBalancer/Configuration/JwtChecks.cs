using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of <c>auth.NAME.jwt</c> cannot tell alone: whether there is a key of use, and whether it can verify what the file allows.</summary>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets no file is looked at.</param>
internal sealed class JwtChecks(MapNode root, ConfigReader reader, LoadSettings settings)
{
    /// <summary>Checks one provider.</summary>
    public void Run(string name, JwtOptions options)
    {
        if (root.Locate("auth", name, "jwt") is not MapNode { Label: "jwt" } written)
        {
            return;
        }

        FieldsAreDistinct(written, options);
        if (written.Find("keys") is not { Value: var keys } || options.Algorithms.Count == 0)
        {
            return;
        }

        if (keys is MapNode map && (map.Find("from") is null) == (map.Find("secret") is null))
        {
            reader.Error((map.Find("secret") ?? map.Find("from"))?.Place ?? map.Span, "'keys' has either 'from', a URL or a file with public keys, or 'secret'");
            return;
        }

        if (AlgorithmsFit(written, keys, options))
        {
            KeysAreOfUse(keys, options);
        }
    }

    private bool AlgorithmsFit(MapNode written, ConfigNode keys, JwtOptions options)
    {
        var place = written.Locate("algorithms").Span;
        var isSecret = keys is MapNode map && map.Find("secret") is not null;
        foreach (var algorithm in options.Algorithms)
        {
            var one = JwtAlgorithmNames.Of(Encoding.ASCII.GetBytes(algorithm));
            var wrong = (one & JwtAlgorithms.OfSecrets) != JwtAlgorithms.None
                ? options.Keys.Url is null ? null : $"{algorithm} is verified with a secret, and what a URL publishes is none: 'keys: {{secret: …}}' has one"
                : isSecret ? $"{algorithm} is verified with a public key, and 'keys' has a secret"
                : (one & JwtAlgorithms.OfEdwards) != JwtAlgorithms.None && !EdwardsKey.IsAvailable ? $"{algorithm} needs libcrypto 3 on this machine (the package libssl3)"
                : null;
            if (wrong is not null)
            {
                reader.Error(place, wrong);
                return false;
            }
        }

        return true;
    }

    private void KeysAreOfUse(ConfigNode written, JwtOptions options)
    {
        var keys = options.Keys;
        var algorithms = JwtAlgorithmNames.SetOf(options.Algorithms);
        if (keys.Url is { } url)
        {
            if (keys.Trust.FlawOf(url) is { } flaw)
            {
                reader.Error(written.Locate("from").Span, $"the URL {flaw}");
            }

            return;
        }

        if (((written as MapNode)?.Find("ca") ?? (written as MapNode)?.Find("allow_http")) is { } idle)
        {
            reader.Error(idle.Place, $"{ScalarNode.Quote(idle.Key)} is for keys from a URL");
        }

        if (settings.WithoutSecrets || reader.LeftUnknown)
        {
            return;
        }

        if (keys.Secret is { } secret && KeySource.OfSecret(secret, algorithms).Flaw is { } weakness)
        {
            reader.Error(written.Locate("secret").Span, $"the secret {weakness}");
        }

        if (keys.File is { } path)
        {
            FileIsOfUse(written.Locate("from").Span, path, algorithms);
        }
    }

    private void FileIsOfUse(SourceSpan place, string path, JwtAlgorithms algorithms)
    {
        if (TextFile.Read(path, FileKeys.MostBytes, out var fault) is not { } text)
        {
            reader.Error(place, $"cannot read {ScalarNode.Clean(path)}: {fault}");
            return;
        }

        var set = new KeySetReader(algorithms, takesSecrets: true, loops: 1);
        if (set.Read(Encoding.UTF8.GetBytes(text)).Flaw is { } flaw)
        {
            reader.Error(place, $"the keys in {ScalarNode.Clean(path)} are no use: {flaw}");
            return;
        }

        foreach (var note in set.Notes)
        {
            reader.Warn(place, $"in {ScalarNode.Clean(path)} {note}, and is left out");
        }
    }

    private void FieldsAreDistinct(MapNode written, JwtOptions options)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (claim, field) in options.Claims.Forward)
        {
            if (!seen.TryAdd(field.Replace('_', '-'), claim))
            {
                reader.Error(written.Locate("forward", claim).Span, $"'{ScalarNode.Clean(seen[field.Replace('_', '-')])}' goes into {ScalarNode.Quote(field)} already");
            }
        }
    }
}
