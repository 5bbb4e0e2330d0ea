using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// What is known of an OpenID provider and of its keys: asked for in the background while a configuration that has it runs, and again every hour. The last good answer stays
/// where a later one fails; before the first one nobody can log in. A reload that asks nobody else keeps it, whatever else it changes of the provider. Thread-safe.
/// </summary>
internal sealed class OidcDiscovery
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly OidcOptions _options;
    private readonly OutboundClient _outbound;
    private readonly ProviderCondition _condition;
    private readonly BuildContext _context;
    private readonly Uri _document;
    private readonly JwksSource _keys;
    private readonly Lock _lock = new();
    private Action? _stop;
    private int _users;
    private volatile OidcIssuer? _issuer;

    /// <summary>What is known so far, where it is of the same issuer and was learned in the same way; else nothing yet.</summary>
    /// <param name="provider">The provider's name in the file.</param>
    /// <param name="options">What the file says of it.</param>
    /// <param name="outbound">The way out.</param>
    /// <param name="context">The clock, seeds, and whom to tell.</param>
    /// <param name="running">What runs; null for nothing.</param>
    public OidcDiscovery(string provider, OidcOptions options, OutboundClient outbound, BuildContext context, OidcDiscovery? running = null)
    {
        var known = running is not null && IsSameWay(options, running._options) ? running : null;
        _issuer = known?._issuer;
        (_options, _outbound, _context) = (options, outbound, context);
        _condition = new ProviderCondition(provider, context);
        _document = new Uri(options.Issuer.TrimEnd('/') + "/.well-known/openid-configuration");
        _keys = new JwksSource(AskForKeysAsync, JwtAlgorithmNames.SetOf(options.Algorithms), new ProviderCondition(provider, context), context, known?._keys.Current);
    }

    /// <summary>What the provider says of itself; null while that, or its keys, are not known.</summary>
    public OidcIssuer? Issuer => _keys.Current is null ? null : _issuer;

    /// <summary>Its keys.</summary>
    public JwksSource Keys => _keys;

    /// <summary>True where nothing else would be known with these options.</summary>
    public bool Serves(OidcOptions options) => IsSameWay(options, _options) && options.Algorithms == _options.Algorithms;

    /// <summary>One more provider that is in force uses it: it begins to ask with the first.</summary>
    public void Acquire()
    {
        lock (_lock)
        {
            if (_users++ == 0)
            {
                var end = new CancellationTokenSource();
                _stop = end.Cancel;
                _ = RunAsync(end.Token);
            }
        }
    }

    /// <summary>One less: it ends asking with the last. What is known stays.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_users == 0)
            {
                _stop!.Invoke();
                _stop = null;
            }
        }
    }

    private static bool IsSameWay(OidcOptions one, OidcOptions other) => one.Issuer == other.Issuer && one.Trust == other.Trust && one.AllowPrivate == other.AllowPrivate;

    private async Task RunAsync(CancellationToken end)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var hasKeys = false;
        try
        {
            while (!end.IsCancellationRequested)
            {
                var failure = await LearnAsync();
                if (failure is null)
                {
                    _condition.Succeed();
                    if (!hasKeys)
                    {
                        // Only now it is known where they are; from here on they are looked after by themselves.
                        _keys.Acquire();
                        hasKeys = true;
                    }
                }
                else
                {
                    _condition.Fail(failure);
                }

                await Task.Delay(failure is null ? Interval : Retry, _context.Time, end);
            }
        }
        catch (OperationCanceledException)
        {
            // No configuration has it any more.
        }
        catch (Exception error)
        {
            _context.OnBug(error);
        }

        if (hasKeys)
        {
            _keys.Release();
        }
    }

    private async Task<string?> LearnAsync()
    {
        var answer = await _outbound.GetAsync(_document, _options.Trust);
        if (answer is { Failure: { } failure })
        {
            return $"{_document}: {failure}";
        }

        if (answer.Status != 200 || !answer.IsJson)
        {
            return $"{_document} answers {answer.Status}{(answer.IsJson ? "" : " with no JSON")}";
        }

        var issuer = OidcIssuer.Read(answer.Body, _options, out var flaw);
        _issuer = issuer ?? _issuer;
        return issuer is null ? $"{_document}: {flaw}" : null;
    }

    private Task<OutboundAnswer> AskForKeysAsync() => _issuer is { } issuer
        ? _outbound.GetAsync(issuer.Keys, _options.TrustOf(issuer.Keys), JwksSource.Accepted)
        : Task.FromResult(OutboundAnswer.Failed("it is not known yet where they are"));
}
