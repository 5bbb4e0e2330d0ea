using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>
/// Knows callers by user and password (RFC 7617). A password is verified once, by <see cref="PasswordWorkers"/>, and then remembered for a while
/// or until its file changes. Thread-safe.
/// </summary>
internal sealed class BasicProvider : IdentityProvider
{
    private readonly BasicOptions _options;
    private readonly PasswordWorkers _workers;

    // One for the process, as the workers are.
    private static readonly ClientKey Clients = new(new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));

    private readonly CredentialFile<PasswordTable> _file;
    private readonly byte[] _challenge;

    /// <summary>The provider of one entry.</summary>
    /// <param name="build">What it is built from.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="workers">Who verifies.</param>
    /// <exception cref="IOException">Its file is no use.</exception>
    public BasicProvider(ProviderBuild build, BasicOptions options, PasswordWorkers workers)
        : base(build.Name)
    {
        (_options, _workers) = (options, workers);
        var realm = (options.Realm ?? build.Name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        _challenge = Encoding.UTF8.GetBytes($"Basic realm=\"{realm}\", charset=\"UTF-8\"");
        var time = build.Context.Time;

        // A build is one thread's work, and a refresh another's: it has seeds of its own.
        var seeds = new Random(build.Context.Seeds.Next());
        _file = new CredentialFile<PasswordTable>(
            options.Htpasswd, PasswordFile.MostBytes,
            (text, reader) => PasswordFile.Parse(text, options.Htpasswd, reader) is { } users ? new PasswordTable(build.Name, options, users, time, seeds) : null,
            static users => users.Count, time);
    }

    /// <inheritdoc/>
    public override CredentialFile File => _file;

    /// <summary>The provider; null where the options ask for another kind.</summary>
    public static IdentityProvider? Create(ProviderBuild build) => build.Options.Basic switch
    {
        null => null,

        // Consumers have changed, and it knows of none: what it remembers is true still.
        var options when build.Previous is BasicProvider running && running._options == options => running,
        var options => new BasicProvider(build, options, PasswordWorkers.OfProcess),
    };

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        for (var at = fields.Find(KnownHeader.Authorization); at >= 0; at = fields.Find(KnownHeader.Authorization, at + 1))
        {
            if (BasicCredential.Is(fields.Value(at)))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange)
    {
        var fault = Find(exchange, out var credential);
        if (fault != FaultKind.None)
        {
            return false;
        }

        var users = _file.Content;
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        users.KeyOf(credential, key);
        return users.TryRecall(key, out var identity, out _) && identity is not null;
    }

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        if (!IsPresent(exchange))
        {
            return new(ProviderAnswer.Absent);
        }

        var fault = Find(exchange, out var credential);
        if (fault != FaultKind.None)
        {
            return new(ProviderAnswer.Refuse(fault));
        }

        var users = _file.Content;
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        users.KeyOf(credential, key);
        if (users.TryRecall(key, out var identity, out var refusal))
        {
            return new(identity is not null ? ProviderAnswer.Known(identity) : ProviderAnswer.RefuseAgain(refusal));
        }

        if (BasicCredential.Read(credential, out var user, out var password) is { } word)
        {
            exchange.Decisions.Note("credential", word);
            return new(ProviderAnswer.Refuse(FaultKind.PasswordWrong));
        }

        var check = new PasswordCheck(users, user, password, exchange.IsRehearsal ? null : key.ToArray(), _workers.Now, exchange.ClientAddress is { } client ? Clients.Of(client) : null);
        if (!_workers.TryAdd(check))
        {
            exchange.Decisions.Note("credential", "too_many_checks");
            return new(ProviderAnswer.Refuse(FaultKind.ProviderUnavailable));
        }

        return AwaitAsync(exchange, users, user, check);
    }

    /// <inheritdoc/>
    public override byte[] Challenge(FaultKind why) => _challenge;

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange)
    {
        if (!_options.KeepCredential && IsPresent(exchange))
        {
            exchange.Request.Fields.Remove(KnownHeader.Authorization);
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<ProviderAnswer> AwaitAsync(Exchange exchange, PasswordTable users, string user, PasswordCheck check)
    {
        exchange.Pending = check;
        var verdict = await check.Ended;

        // It ended on a worker's thread, or here where the request was given up.
        await exchange.Loop;
        exchange.Pending = null;
        return verdict switch
        {
            PasswordVerdict.Right => ProviderAnswer.Known(users.IdentityOf(user)),
            PasswordVerdict.Wrong => ProviderAnswer.Refuse(FaultKind.PasswordWrong),
            _ => ProviderAnswer.Refuse(exchange.GivenUp.Failed ? exchange.GivenUp.Kind : FaultKind.ProviderUnavailable),
        };
    }

    private static FaultKind Find(Exchange exchange, out ReadOnlySpan<byte> credential)
    {
        credential = default;
        var fields = exchange.Request.Fields;
        var at = fields.Find(KnownHeader.Authorization);
        if (fields.Find(KnownHeader.Authorization, at + 1) >= 0)
        {
            return FaultKind.CredentialAmbiguous;
        }

        credential = BasicCredential.Of(fields.Value(at));
        return credential.Length > BasicCredential.MostBytes ? FaultKind.CredentialTooLarge : FaultKind.None;
    }
}
