using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Basic;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What the keys of <c>auth</c> and <c>consumers</c> cannot tell alone: whether files of keys and passwords are any use, and whether a key is one caller's.</summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets no file is looked at.</param>
internal sealed class CredentialChecks(GatewayOptions options, MapNode root, ConfigReader reader, LoadSettings settings)
{
    /// <summary>Checks all of them.</summary>
    public void Run()
    {
        KeysAreOfOneConsumer();
        foreach (var (name, provider) in options.Auth)
        {
            if (provider.ApiKey is { } keys)
            {
                SomeKeyIsRight(name, keys);
                FieldsAreDistinct(name, "api_key", keys.Forward);
                FileIsUsable(keys.File, root.Locate("auth", name, "api_key", "file"), ApiKeyFile.MostBytes, KeyFileIsUsable);
            }

            if (provider.Basic is { Htpasswd: { } htpasswd } basic)
            {
                FieldsAreDistinct(name, "basic", basic.Forward);
                FileIsUsable(htpasswd, root.Locate("auth", name, "basic", "htpasswd"), PasswordFile.MostBytes, (text, path) => PasswordFile.Parse(text, path, reader));
            }
        }

        if (!settings.Fragment && reader.Errors.Count == 0 && options.Auth.Values.All(provider => provider.ApiKey is null)
            && options.Consumers.Keys.FirstOrDefault(name => options.Consumers[name].ApiKeys.Count > 0) is { } idle)
        {
            reader.Warn(root.Locate("consumers", idle, "api_keys").Span, "no entry of 'auth' is of the kind 'api_key': nobody asks for these keys");
        }
    }

    private void KeysAreOfOneConsumer()
    {
        var seen = new Dictionary<KeyHash, SourceSpan>();
        foreach (var (name, consumer) in options.Consumers)
        {
            for (var at = 0; at < consumer.ApiKeys.Count; at++)
            {
                var place = root.Locate("consumers", name, "api_keys").LocateItem(at, consumer.ApiKeys.Count).Span;
                if (!seen.TryAdd(consumer.ApiKeys[at], place))
                {
                    reader.Error(place, $"the same key stands at {seen[consumer.ApiKeys[at]]} already: a key is one caller's");
                }
            }
        }
    }

    private void SomeKeyIsRight(string name, ApiKeyOptions keys)
    {
        if (keys.File is null && !settings.Fragment && reader.Errors.Count == 0 && options.Consumers.Values.All(consumer => consumer.ApiKeys.Count == 0))
        {
            reader.Error(
                root.Locate("auth", name, "api_key").Span, $"no key is right for '{name}': give it a 'file', which 'lb keys create' makes, or give an entry of 'consumers' its 'api_keys'");
        }
    }

    private void FieldsAreDistinct(string name, string kind, ValueMap<string> forward)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (claim, field) in forward)
        {
            if (!seen.TryAdd(field.Replace('_', '-'), claim))
            {
                reader.Error(root.Locate("auth", name, kind, "forward", claim).Span, $"'{seen[field.Replace('_', '-')]}' goes into {ScalarNode.Quote(field)} already");
            }
        }
    }

    private void FileIsUsable(string? path, ConfigNode written, int mostBytes, Action<string, string> check)
    {
        if (path is null || settings.WithoutSecrets || reader.LeftUnknown || reader.IsFull)
        {
            return;
        }

        if (TextFile.Read(path, mostBytes, out var fault) is { } text)
        {
            check(text, path);
        }
        else
        {
            reader.Error(written.Span, $"cannot read {ScalarNode.Clean(path)}: {fault}");
        }
    }

    private void KeyFileIsUsable(string text, string path)
    {
        if (YamlSource.ReadKeyFile(text, path, reader) is { } list)
        {
            ApiKeyFile.Check(ApiKeyFile.Read(list, reader), options.Consumers, reader);
        }
    }
}
