using System.Net;
using LoadBalancer.Addresses;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// Keeps clients from guessing credentials: the file's <c>auth_failures</c>. An address (of IPv6 a network of 64 bits) that has sent too many bad
/// ones is not listened to for a while; only credentials that are known already still count. Thread-safe, and bounded as every <see cref="LocalLimit"/> is.
/// </summary>
/// <remarks>
/// What counts is what a guess looks like. A credential whose time is over was a good one once, and one that is refused from memory is not
/// verified again: many people behind one address must not pay for a program that goes on with an old token (ADR 0019).
/// </remarks>
internal sealed class FailureThrottle
{
    private readonly ClientKey _keys;
    private readonly LocalLimit _limit;

    /// <summary>A throttle that goes on with what another has counted.</summary>
    /// <param name="rate">How many an address may send.</param>
    /// <param name="context">The clock and seeds.</param>
    /// <param name="previous">The other; null for none.</param>
    public FailureThrottle(Rate rate, BuildContext context, FailureThrottle? previous = null)
    {
        Rate = rate;
        _keys = previous?._keys ?? new ClientKey(context.Seeds);
        _limit = new LocalLimit(new LimitSpec("auth_failures", "", new LimitRule { Rate = rate }, LimitMode.Local, StoreFailure.Local), context.Time);
        if (previous is not null)
        {
            _limit.Adopt(previous._limit);
        }
    }

    /// <summary>How many an address may send.</summary>
    public Rate Rate { get; }

    /// <summary>How long the client of an exchange is not listened to; zero where it is. A client without an address came over a Unix socket, and always is.</summary>
    public TimeSpan WaitOf(Exchange exchange) => exchange.ClientAddress is { } client ? _limit.Peek(KeyOf(client), 1).Wait : TimeSpan.Zero;

    /// <summary>Counts a refusal, where it counts.</summary>
    public void Count(Exchange exchange, in ProviderAnswer refusal)
    {
        if (!refusal.IsRemembered && !exchange.IsRehearsal && IsGuess(refusal.Fault) && exchange.ClientAddress is { } client)
        {
            _limit.Take(KeyOf(client), 1);
        }
    }

    private LimitKey KeyOf(IPAddress client) => new(_keys.Of(client), []);

    // Not what was good once, or is good elsewhere; and not what a client did wrong that has no credential in it.
    private static bool IsGuess(FaultKind kind) => kind is
        FaultKind.TokenMalformed or FaultKind.TokenAlgorithmRefused or FaultKind.TokenUnsupported or FaultKind.TokenKeyUnknown or FaultKind.TokenSignatureInvalid
        or FaultKind.TokenInactive or FaultKind.ApiKeyUnknown or FaultKind.PasswordWrong or FaultKind.SessionInvalid or FaultKind.LoginInvalid or FaultKind.ExternalDenied;
}
