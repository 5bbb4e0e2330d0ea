using System.Globalization;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Resilience;

/// <summary>Decides whether a request is sent again. It counts nothing and asks no endpoint: what is decided depends on what it is told alone. Immutable and thread-safe.</summary>
/// <remarks>
/// Two rules hold whatever the file says. A request of which the client has seen a byte of a response, or whose body is not there any more,
/// is never sent again. And one that an endpoint may have acted on is sent again only where acting twice is the same as once (RFC 9110 section 9.2.2).
/// </remarks>
internal sealed class RetryPlan
{
    private const int FirstStatus = 400;
    private const int Statuses = 200;

    /// <summary>Connects of one request where the file does not say: where so many endpoints cannot be reached, the next one hardly can, and a handshake of TLS costs it something.</summary>
    private const int MostConnects = 4;

    private readonly bool[] _statuses = new bool[Statuses];
    private readonly int _mostConnects;
    private readonly int _mostTries;
    private readonly bool _onReset;
    private readonly bool _onTimeout;
    private readonly bool _takesKeys;

    /// <summary>The plan of a route.</summary>
    /// <param name="options">What the file says; null for <c>off</c>.</param>
    public RetryPlan(RetryOptions? options)
    {
        _mostConnects = options is null ? 1 : options.Attempts ?? MostConnects;
        _mostTries = options is null ? 1 : options.Attempts ?? 2;
        IsOff = options is null || options.Attempts == 1;
        options ??= new RetryOptions();
        _onReset = options.On.Contains(RetryReasonKind.Reset);
        _onTimeout = options.On.Contains(RetryReasonKind.Timeout);
        _takesKeys = options.IdempotencyKey is not null;
        foreach (var status in options.On.Where(reason => char.IsAsciiDigit(reason[0])))
        {
            _statuses[int.Parse(status, CultureInfo.InvariantCulture) - FirstStatus] = true;
        }

        (PerTry, Budget, HedgeAfter) = (options.PerTry, options.Budget, IsOff ? null : options.HedgeAfter);
        IsBudgeting = !IsOff && options.IsForSeen;
        Buffer = IsOff ? 0 : options.Buffer;
    }

    /// <summary>The plan of a route that says nothing: what no endpoint has looked at is sent again.</summary>
    public static RetryPlan Default { get; } = new(new RetryOptions());

    /// <summary>True where nothing is ever sent again.</summary>
    public bool IsOff { get; }

    /// <summary>The time of one try; null for no bound.</summary>
    public TimeSpan? PerTry { get; }

    /// <summary>After how long a second endpoint is asked as well; null for never.</summary>
    public TimeSpan? HedgeAfter { get; }

    /// <summary>The share of tries beyond the first, 0 to 1.</summary>
    public double Budget { get; }

    /// <summary>True where it may give an upstream more to do: then requests are counted for its budget.</summary>
    public bool IsBudgeting { get; }

    /// <summary>How much of a body is kept where the request may be sent again, in bytes; 0 where nothing is.</summary>
    public long Buffer { get; }

    /// <summary>True where <paramref name="reason"/> means that an upstream gets more to do.</summary>
    public static bool IsBudgeted(RetryReason reason) => reason >= RetryReason.Reset;

    /// <summary>True where acting twice is the same as once (RFC 9110 section 9.2.2).</summary>
    public static bool IsIdempotent(RequestMethod method) =>
        method is RequestMethod.Get or RequestMethod.Head or RequestMethod.Put or RequestMethod.Delete or RequestMethod.Options or RequestMethod.Trace;

    /// <summary>True for a request that may be acted on twice: its method says so, or a key by which its endpoints tell that they have acted.</summary>
    public bool MayRepeat(RequestHead request) => IsIdempotent(request.Method)
        || (_takesKeys && request.Fields.Find("Idempotency-Key"u8) is var at and >= 0 && !request.Fields.Value(at).IsEmpty);

    /// <summary>True where an answer with <paramref name="status"/> is no answer as long as another endpoint may have a better one.</summary>
    public bool Watches(int status) => (uint)(status - FirstStatus) < Statuses && _statuses[status - FirstStatus];

    /// <summary>True where a request that has had <paramref name="tries"/>, the one at hand included, may have another beside it.</summary>
    public bool MayHedge(int tries) => tries < _mostTries;

    /// <summary>Why the request is to be sent again; <see cref="RetryReason.None"/> where it is not.</summary>
    public RetryReason Judge(in AttemptEnd end)
    {
        var reason = IsOff || end.IsCommitted || !end.CanReplay ? RetryReason.None : ReasonOf(end);
        return end.Tries >= (reason == RetryReason.Connect ? _mostConnects : _mostTries) && reason != RetryReason.Unseen ? RetryReason.None : reason;
    }

    private RetryReason ReasonOf(in AttemptEnd end) => end.Stage switch
    {
        AttemptStage.NoEndpoint => RetryReason.None,
        AttemptStage.Unconnected => end.Fault.Retryable ? RetryReason.Connect : RetryReason.None,
        AttemptStage.Untouched => RetryReason.Unseen,
        _ when !end.MayRepeat => RetryReason.None,
        AttemptStage.Stale => RetryReason.Unseen,
        _ => end.Fault.Kind switch
        {
            FaultKind.None => Watches(end.Status) ? RetryReason.Status : RetryReason.None,
            FaultKind.Reset or FaultKind.ResponseTruncated => _onReset ? RetryReason.Reset : RetryReason.None,
            FaultKind.FirstByteTimeout or FaultKind.BetweenBytesTimeout => _onTimeout ? RetryReason.Timeout : RetryReason.None,
            _ => RetryReason.None,
        },
    };
}
