using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>
/// Knows callers by the keys that they send. A key is hashed and looked up, on the loop and at once: that takes less than a cache of keys would,
/// and holds none in memory. Thread-safe.
/// </summary>
internal sealed class ApiKeyProvider : IdentityProvider
{
    /// <summary>A key of lb's has some 60 bytes; those of others are let be longer.</summary>
    private const int MostBytes = 512;

    private readonly ApiKeyOptions _options;
    private readonly TimeProvider _time;
    private readonly KnownHeader _known;
    private readonly byte[]? _header;
    private readonly byte[]? _parameter;
    private readonly byte[] _challenge;
    private readonly CredentialFile<ApiKeyTable>? _file;
    private readonly ApiKeyTable? _declared;

    private ApiKeyProvider(ProviderBuild build, ApiKeyOptions options)
        : base(build.Name)
    {
        (_options, _time) = (options, build.Context.Time);
        _header = options.HeaderInUse is { } header ? Encoding.ASCII.GetBytes(header) : null;
        _known = KnownHeaders.Find(_header);
        _parameter = options.Query is { } parameter ? Encoding.ASCII.GetBytes(parameter) : null;
        _challenge = Encoding.ASCII.GetBytes($"ApiKey realm=\"{build.Name}\"");
        if (options.File is { } file)
        {
            var parse = build.Context.ParseList ?? throw new InvalidOperationException("nobody reads key files");
            _file = new CredentialFile<ApiKeyTable>(
                file, ApiKeyFile.MostBytes, (text, reader) => TableOf(parse(text, file, reader), build.Consumers, reader), static table => table.Records, _time);
        }
        else
        {
            _declared = new ApiKeyTable(build.Consumers, []);
        }
    }

    /// <inheritdoc/>
    public override CredentialFile? File => _file;

    /// <summary>The provider; null where the options ask for another kind.</summary>
    /// <exception cref="IOException">Its file is no use.</exception>
    public static IdentityProvider? Create(ProviderBuild build) => build.Options.ApiKey is { } options ? new ApiKeyProvider(build, options) : null;

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange)
    {
        var request = exchange.Request;
        return (_header is not null && request.Fields.Find(_known, _header) >= 0) || (_parameter is not null && QueryText.Find(request.Query, _parameter, out _, out _));
    }

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange) => Find(exchange, out var key) == 1 && key is { HasCome: true };

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange) => new(Identify(exchange));

    /// <inheritdoc/>
    public override byte[] Challenge(FaultKind why) => _challenge;

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange)
    {
        if (_options.KeepCredential)
        {
            return;
        }

        var request = exchange.Request;
        if (_header is not null)
        {
            request.Fields.Remove(_header);
        }

        if (_parameter is not null && QueryText.Find(request.Query, _parameter, out _, out _))
        {
            request.QuerySlice = QueryText.Without(request.Fields, request.QuerySlice, _parameter);
            request.HasQuery = request.QuerySlice.Length > 0;
        }
    }

    private static ApiKeyTable? TableOf(ListNode? list, ValueMap<ConsumerOptions> consumers, ConfigReader reader)
    {
        if (list is null)
        {
            return null;
        }

        var keys = ApiKeyFile.Read(list, reader);
        ApiKeyFile.Check(keys, consumers, reader);
        return new ApiKeyTable(consumers, [.. keys.Select(entry => entry.Key)]);
    }

    private ProviderAnswer Identify(Exchange exchange) => Find(exchange, out var key) switch
    {
        0 => ProviderAnswer.Absent,
        > 1 => ProviderAnswer.Refuse(FaultKind.CredentialAmbiguous),
        < 0 => ProviderAnswer.Refuse(FaultKind.CredentialTooLarge),
        _ when key is null => ProviderAnswer.Refuse(FaultKind.ApiKeyUnknown),
        _ => Identify(exchange, key),
    };

    private ProviderAnswer Identify(Exchange exchange, ApiKey key)
    {
        if (key.Id is not null)
        {
            exchange.Decisions.Note("key_id", key.Id);
        }

        if (key.Revoked)
        {
            // It was good once: whoever goes on with it does not guess.
            exchange.Decisions.Note("key", "revoked");
            return ProviderAnswer.RefuseAgain(FaultKind.ApiKeyUnknown);
        }

        if (key.ExpiresAt <= _time.GetUtcNow().ToUnixTimeSeconds())
        {
            return ProviderAnswer.Refuse(FaultKind.ApiKeyExpired);
        }

        // Whoever may ask what would be done with a request gets no guess past those who keep others from guessing.
        if (!exchange.IsRehearsal)
        {
            key.Come();
        }

        return ProviderAnswer.Known(key.IdentityOf(Name, _options.Forward));
    }

    /// <summary>How many keys the request has, -1 for one that is too long; and of a single one what is known of it, null for nothing.</summary>
    private int Find(Exchange exchange, out ApiKey? known)
    {
        known = null;
        var request = exchange.Request;
        scoped ReadOnlySpan<byte> text = default;
        var found = 0;
        if (_header is not null)
        {
            for (var at = request.Fields.Find(_header); at >= 0; at = request.Fields.Find(_header, at + 1))
            {
                text = request.Fields.Value(at);
                found++;
            }
        }

        Span<byte> decoded = stackalloc byte[MostBytes + 1];
        var rest = request.Query;
        while (_parameter is not null && QueryText.Find(rest, _parameter, out var written, out rest))
        {
            text = decoded[..QueryText.Decode(written, decoded)];
            found++;
        }

        if (found != 1)
        {
            return found;
        }

        if (text.Length > MostBytes)
        {
            return -1;
        }

        // The hash of nothing is well known, and in a file where somebody's variable was not set.
        known = text.IsEmpty ? null : (_file?.Content ?? _declared!).Find(KeyHash.Of(text));
        return 1;
    }
}
