using System.Collections.Immutable;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Authorization;

/// <summary>Whether the caller may: a route's <c>require</c>. Immutable and thread-safe.</summary>
internal sealed class AuthorizationPolicy : HttpPolicy
{
    private readonly string[] _roles;
    private readonly string[] _scopes;
    private readonly RequiredClaim[] _claims;
    private readonly byte[][] _challenges;
    private readonly Dictionary<string, byte[]> _scopeChallenges;

    /// <summary>The policy of a route.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="captures">What the route's path captures, in its order.</param>
    /// <param name="providers">Who establishes who calls.</param>
    public AuthorizationPolicy(RequireOptions options, IReadOnlyList<string> captures, IReadOnlyList<IdentityProvider> providers)
    {
        _roles = [.. options.Roles];
        _scopes = [.. options.Scopes];
        _claims = [.. options.Claims.Select(claim => new RequiredClaim(claim.Key, claim.Value, captures))];
        var challenges = providers.Select(provider => (provider.Name, Challenge: provider.Challenge(FaultKind.CredentialMissing))).Where(entry => entry.Challenge is not null).ToList();
        _challenges = [.. challenges.Select(entry => entry.Challenge!)];
        _scopeChallenges = challenges.Where(entry => IsBearer(entry.Challenge)).DistinctBy(entry => entry.Name)
            .ToDictionary(entry => entry.Name, entry => ScopeChallenge(entry.Challenge!, _scopes), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override string Key => "require";

    /// <summary>The policy, or null where nothing is required.</summary>
    public static AuthorizationPolicy? Create(PolicyBuild build) => build.Options.Require is { } options
        ? new AuthorizationPolicy(options, build.Captures, [.. (build.Options.Auth?.Names ?? []).Select(build.Providers.Find).OfType<IdentityProvider>()])
        : null;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange) => new(Decide(exchange));

    private PolicyOutcome Decide(Exchange exchange)
    {
        if (exchange.Identity is not { } identity)
        {
            foreach (var challenge in _challenges)
            {
                exchange.Challenges.Add(challenge);
            }

            return PolicyOutcome.Refuse(FaultKind.CredentialMissing);
        }

        if (_roles.Length > 0 && !HasRole(exchange, identity.Roles))
        {
            return PolicyOutcome.Refuse(FaultKind.RoleMissing);
        }

        foreach (var scope in _scopes)
        {
            if (!identity.Scopes.Contains(scope))
            {
                exchange.Decisions.Note("scope", scope);
                if (_scopeChallenges.TryGetValue(identity.Provider, out var challenge))
                {
                    exchange.Challenges.Add(challenge);
                }

                return PolicyOutcome.Refuse(FaultKind.ScopeMissing);
            }
        }

        foreach (var claim in _claims)
        {
            if (!claim.IsMet(exchange, identity))
            {
                exchange.Decisions.Note("claim", claim.Name);
                return PolicyOutcome.Refuse(FaultKind.ClaimMismatch);
            }
        }

        return PolicyOutcome.Allowed;
    }

    private bool HasRole(Exchange exchange, ImmutableArray<string> roles)
    {
        foreach (var role in _roles)
        {
            if (roles.Contains(role))
            {
                exchange.Decisions.Note("role", role);
                return true;
            }
        }

        return false;
    }

    private static bool IsBearer(ReadOnlySpan<byte> challenge) =>
        challenge.StartsWith("Bearer"u8) && (challenge.Length == "Bearer".Length || challenge["Bearer".Length] == ' ');

    // RFC 6750 section 3.1: what a token would need, so that a client may ask its user for it.
    private static byte[] ScopeChallenge(byte[] challenge, string[] scopes)
    {
        var start = Encoding.ASCII.GetString(challenge);
        return Encoding.ASCII.GetBytes($"{start}{(start == "Bearer" ? " " : ", ")}error=\"insufficient_scope\", scope=\"{string.Join(' ', scopes)}\"");
    }
}
