using System.Collections.Frozen;
using System.Collections.Immutable;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>What a token says whose signature, issuer, audience and times are good.</summary>
/// <param name="Subject">Whom it is about (<c>sub</c>).</param>
/// <param name="Claims">All of its claims, see <see cref="Identity.Claims"/>.</param>
/// <param name="ExpiresAt">From which second on it is not taken any more, in Unix time, the leeway included.</param>
internal readonly record struct VerifiedToken(string Subject, FrozenDictionary<string, ImmutableArray<string>> Claims, long ExpiresAt);
