using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Resilience;

/// <summary>When a request is sent again: the file's <c>retry</c> of a route, or of <c>defaults</c>.</summary>
internal sealed record RetryOptions : IConfigurable<RetryOptions>
{
    /// <summary>The only word that <see cref="IdempotencyKey"/> has beside none.</summary>
    public const string Required = "required";

    /// <inheritdoc/>
    public static Shape<RetryOptions> Shape { get; } = new(
        "retry", "When a request is sent again, to another endpoint. Never once a byte of a response was passed on.",
        "{attempts: 2, on: [connect, reset, 502, 503, timeout], per_try: 2s}", () => new())
    {
        {
            "attempts", Kinds.Integer(1, 10).OrNothing("auto"), o => o.Attempts, (o, value) => o with { Attempts = value },
            "The most tries of one request, the first and those that could not connect included. `auto`: 4 where they could not connect, and 2 for any other reason. " +
            "A request that no endpoint has looked at is sent again beside them."
        },
        {
            "on", Kinds.List(new RetryReasonKind()), o => o.On, (o, value) => o with { On = value },
            "What is tried again. `connect`: the endpoint could not be connected to, or said that it had not looked at the request; always, for every method. " +
            "`reset`: the connection ended before the head of a response; `timeout`: it did not come in time; a status from 400 to 599: the endpoint's answer. " +
            "These only for requests that may be acted on twice: GET, HEAD, PUT, DELETE, OPTIONS, TRACE, and what `idempotency_key` adds."
        },
        {
            "idempotency_key", Kinds.Word(Required).OrNull("none"), o => o.IdempotencyKey, (o, value) => o with { IdempotencyKey = value },
            "`required`: other methods too are tried again for every reason in `on`, where the request has an Idempotency-Key. Its endpoints have to act once on each key."
        },
        {
            "per_try", Kinds.Duration("1ms", "1d").OrNothing("none"), o => o.PerTry, (o, value) => o with { PerTry = value },
            "How long one try may take to the head of the response, its connect included; then it is a `timeout`. The time that the client takes to send the body does not count. All tries together have the route's `timeout`; " +
            "where that is over while an endpoint's answer is in hand, the client gets that one."
        },
        {
            "budget", Kinds.Percent("0%", "100%"), o => o.Budget, (o, value) => o with { Budget = value },
            "How many tries beyond the first the upstream may get, as a share of the requests to it in the last 10 seconds, and 10 in any case. Requests of routes that have only `connect` do not count. A connect that failed is no such try, " +
            "nor a request that no endpoint has looked at."
        },
        {
            "hedge_after", Kinds.Duration("1ms", "1h").OrNothing("none"), o => o.HedgeAfter, (o, value) => o with { HedgeAfter = value },
            "After how long without the head of a response, since the endpoint has had the whole request, another one is asked as well, where the request may be acted on twice and its body, if it has one, is kept whole. The first answer counts, " +
            "and the other attempt is broken off. It is within `budget`, and one of the `attempts`."
        },
        {
            "buffer", Kinds.Size("0B", "16MiB"), o => o.Buffer, (o, value) => o with { Buffer = value },
            "How much of a request's body is kept to be sent again, where the request may be, until the head of a response is there. One with a longer body is not tried again once more than this was read. " +
            "Where endpoints speak HTTP/2 every body is kept, as they may say that they have not looked at the request; on HTTP/1.1 nothing is kept for `connect` alone. " +
            "All together have 32 MiB for each event loop: where that is full, a body passes without being kept."
        },
    };

    /// <summary>The most tries; null for four where endpoints cannot be connected to, and else two.</summary>
    public int? Attempts { get; init; }

    /// <summary>The reasons: see <see cref="RetryReasonKind"/>.</summary>
    public ValueList<string> On { get; init; } = [RetryReasonKind.Connect];

    /// <summary><see cref="Required"/>, or null.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The time of one try to the head of its response; null for no bound.</summary>
    public TimeSpan? PerTry { get; init; }

    /// <summary>The share of tries beyond the first, 0 to 1.</summary>
    public double Budget { get; init; } = 0.2;

    /// <summary>After how long a second endpoint is asked as well; null for never.</summary>
    public TimeSpan? HedgeAfter { get; init; }

    /// <summary>The longest body that is kept, in bytes.</summary>
    public long Buffer { get; init; } = 64 * 1024;

    /// <summary>True where it sends requests again that an endpoint may have acted on.</summary>
    public bool IsForSeen => HedgeAfter is not null || On.Any(reason => reason != RetryReasonKind.Connect);
}
