namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// Keys that an issuer publishes at a URL. They are fetched at the start, again before they are old, and when a token names one that is not there;
/// never more than one fetch at a time, and none for a token within <see cref="ShortestInterval"/> of the last. The last good keys are kept, however
/// long the issuer is away. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   start ─► fetch ─┬─ good ─► again after 4/5 of max-age, within bounds ─► fetch …
///                   └─ bad ──► again after 1 s, 2 s, 4 s … a minute      ─► fetch …
///   unknown key ─► fetch at once, unless one is under way (wait for it), has ended since the token was looked at (look again), or was just now (refused)
/// </code>
/// Rule zero: a lock, held to look at a few fields. Nothing on the way of a request with a known key takes it.
/// </remarks>
internal sealed class JwksSource : KeySource
{
    /// <summary>What is asked for.</summary>
    public const string Accepted = "application/jwk-set+json, application/json";

    /// <summary>So long after a fetch has begun, no token leads to another one.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(10);

    /// <summary>Keys of which the issuer does not say how long they are good.</summary>
    public static readonly TimeSpan DefaultAge = TimeSpan.FromMinutes(10);

    /// <summary>The bounds of what it says: a key that it withdraws is refused within the longer one.</summary>
    public static readonly TimeSpan ShortestAge = TimeSpan.FromMinutes(1);

    /// <summary>The longest age; see <see cref="ShortestAge"/>.</summary>
    public static readonly TimeSpan LongestAge = TimeSpan.FromHours(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Func<Task<OutboundAnswer>> _ask;
    private readonly JwtAlgorithms _algorithms;
    private readonly ProviderCondition _condition;
    private readonly TimeProvider _time;
    private readonly Action<Exception> _onBug;
    private readonly int _loops;
    private readonly Random _chance;
    private readonly ITimer _timer;
    private readonly Task<KeySource> _fetched;
    private readonly Lock _lock = new();
    private KeySet? _current;
    private DateTimeOffset? _fetchedAt;
    private string? _failure;
    private Task<KeySource>? _underWay;
    private long _began;
    private bool _hasBegun;
    private bool _isStarted;
    private int _failures;

    /// <summary>A source that has not asked yet.</summary>
    /// <param name="ask">Fetches the keys; never faults.</param>
    /// <param name="algorithms">What the file allows.</param>
    /// <param name="condition">Hears whether the keys can be had.</param>
    /// <param name="context">The clock, seeds, and the number of loops.</param>
    /// <param name="known">The keys until others are fetched; null for none.</param>
    public JwksSource(Func<Task<OutboundAnswer>> ask, JwtAlgorithms algorithms, ProviderCondition condition, BuildContext context, KeySet? known = null)
    {
        _current = known;
        (_ask, _algorithms, _condition, _time, _loops) = (ask, algorithms, condition, context.Time, context.Loops);
        _onBug = context.OnBug;
        _fetched = Task.FromResult<KeySource>(this);
        _chance = new Random(context.Seeds.Next());
        _timer = _time.CreateTimer(static source => ((JwksSource)source!).Fetch(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public override KeySet? Current => Volatile.Read(ref _current);

    /// <summary>When the issuer was last asked with success, null for never; and why it could not be asked since, null where it could.</summary>
    public (DateTimeOffset? FetchedAt, string? Failure) Condition
    {
        get
        {
            lock (_lock)
            {
                return (_fetchedAt, _failure);
            }
        }
    }

    /// <summary>True while a fetch is under way.</summary>
    public bool IsFetching
    {
        get
        {
            lock (_lock)
            {
                return _underWay is not null;
            }
        }
    }

    /// <inheritdoc/>
    public override Task<KeySource>? Refetch(KeySet? tried)
    {
        lock (_lock)
        {
            return _underWay is not null ? _underWay
                : _current != tried ? _fetched
                : _hasBegun && _time.GetElapsedTime(_began) < ShortestInterval ? null
                : Begin();
        }
    }

    /// <inheritdoc/>
    protected override void Start()
    {
        lock (_lock)
        {
            _isStarted = true;
            _ = _underWay ?? Begin();
        }
    }

    /// <inheritdoc/>
    protected override void Stop()
    {
        lock (_lock)
        {
            _isStarted = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Fetch()
    {
        lock (_lock)
        {
            if (_isStarted)
            {
                _ = _underWay ?? Begin();
            }
        }
    }

    // In the lock.
    private Task<KeySource> Begin()
    {
        (_began, _hasBegun) = (_time.GetTimestamp(), true);
        return _underWay = FetchAsync();
    }

    private async Task<KeySource> FetchAsync()
    {
        // It must not end before it is under way, nor hold the caller's loop.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        OutboundAnswer? answer = null;
        KeySet? keys = null;
        string? flaw = null;
        try
        {
            answer = await _ask();
            (keys, flaw) = Read(answer);
        }
        catch (Exception error)
        {
            // Whoever waits must not wait for ever, and the next fetch must be able to begin.
            flaw = "an error of this program";
            _onBug(error);
        }

        if (flaw is null)
        {
            _condition.Succeed();
        }
        else
        {
            _condition.Fail($"the issuer's keys cannot be had: {flaw}{(Current is null ? "" : "; the last good ones stay")}");
        }

        lock (_lock)
        {
            if (keys is not null && !(_current is { } before && keys.HasAllOf(before) && before.HasAllOf(keys)))
            {
                Volatile.Write(ref _current, keys);
            }

            _failures = flaw is null ? 0 : _failures + 1;
            (_fetchedAt, _failure) = flaw is null ? (_time.GetUtcNow(), null) : (_fetchedAt, flaw);
            _underWay = null;
            if (_isStarted)
            {
                _timer.Change(flaw is null ? AgeOf(answer!) * 0.8 : Pause(), Timeout.InfiniteTimeSpan);
            }
        }

        return this;
    }

    private (KeySet? Keys, string? Flaw) Read(OutboundAnswer answer) =>
        answer.Failure is { } failure ? (null, failure)
        : answer.Status is >= 300 and < 400 ? (null, $"it answers {answer.Status}, and redirects are not followed: write the address that it leads to")
        : answer.Status != 200 ? (null, $"it answers {answer.Status}")
        : new KeySetReader(_algorithms, takesSecrets: false, _loops).Read(answer.Body);

    private static TimeSpan AgeOf(OutboundAnswer answer)
    {
        var control = answer.Headers?.CacheControl;
        var age = control is null ? DefaultAge : control.NoStore || control.NoCache ? ShortestAge : control.MaxAge ?? DefaultAge;
        return TimeSpan.FromTicks(Math.Clamp(age.Ticks, ShortestAge.Ticks, LongestAge.Ticks));
    }

    // Up to a fifth more, so that the instances of a pair do not come at once.
    private TimeSpan Pause()
    {
        var pause = FirstPause * (1 << Math.Min(_failures - 1, 6));
        return (pause < LongestPause ? pause : LongestPause) * (1 + (_chance.NextDouble() * 0.2));
    }
}
