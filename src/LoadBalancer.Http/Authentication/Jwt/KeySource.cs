using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Where a provider has its keys from. Thread-safe; a reload that changes nothing of it keeps it, whatever else it changes of the provider.</summary>
internal abstract class KeySource
{
    private int _users;

    /// <summary>The keys; null while there are none yet. The same object as long as nothing has changed.</summary>
    public abstract KeySet? Current { get; }

    /// <summary>The file that they are in; null for none.</summary>
    public virtual CredentialFile? File => null;

    /// <summary>The source that the file asks for.</summary>
    /// <exception cref="IOException">There is no key of use in it.</exception>
    public static KeySource Create(ProviderBuild build, JwtOptions options)
    {
        var (keys, loops) = (options.Keys, build.Context.Loops);
        var algorithms = JwtAlgorithmNames.SetOf(options.Algorithms);
        if (keys.Url is { } url)
        {
            return new JwksSource(() => build.Outbound.GetAsync(url, keys.Trust, JwksSource.Accepted), algorithms, new ProviderCondition(build.Name, build.Context), build.Context);
        }

        return keys.File is { } path
            ? new FileKeys(new CredentialFile<KeySet>(path, FileKeys.MostBytes, (text, reader) => Read(text, path, algorithms, loops, reader), set => set.Keys.Length, build.Context.Time))
            : new FixedKeys(OfSecret(keys.Secret!, algorithms).Keys ?? throw new IOException($"the secret of '{build.Name}' is no use"));
    }

    /// <summary>The keys of a file's text; what is wrong with it goes to <paramref name="reader"/>.</summary>
    public static KeySet? Read(string text, string path, JwtAlgorithms algorithms, int loops, ConfigReader reader)
    {
        var set = new KeySetReader(algorithms, takesSecrets: true, loops);
        var (keys, flaw) = set.Read(Encoding.UTF8.GetBytes(text));
        if (flaw is not null)
        {
            reader.Error(SourceSpan.Whole(path), $"the keys are no use: {flaw}");
            return null;
        }

        foreach (var note in set.Notes)
        {
            reader.Warn(SourceSpan.Whole(path), $"{note}, and is left out");
        }

        return keys;
    }

    /// <summary>The key of a secret, or what is wrong with it.</summary>
    public static (KeySet? Keys, string? Flaw) OfSecret(Secret secret, JwtAlgorithms algorithms)
    {
        var (key, flaw) = SecretKey.Create(null, algorithms, Encoding.UTF8.GetBytes(secret.Reveal()));
        return key is null ? (null, flaw) : (new KeySet([key]), null);
    }

    /// <summary>
    /// What a request may wait for whose key is not among <paramref name="tried"/>: the keys are being fetched, or are from now on because of it, or have been
    /// since it looked at them. Null where waiting is of no use.
    /// </summary>
    /// <param name="tried">What <see cref="Current"/> was when the request looked.</param>
    public virtual Task<KeySource>? Refetch(KeySet? tried) => null;

    /// <summary>One more provider that is in force uses it.</summary>
    public void Acquire()
    {
        if (Interlocked.Increment(ref _users) == 1)
        {
            Start();
        }
    }

    /// <summary>One less.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Stop();
        }
    }

    /// <summary>What it does in the background begins.</summary>
    protected virtual void Start()
    {
    }

    /// <summary>It ends; it may begin again.</summary>
    protected virtual void Stop()
    {
    }
}
