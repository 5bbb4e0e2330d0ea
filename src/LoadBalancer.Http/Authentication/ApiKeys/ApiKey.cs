using System.Collections.Frozen;
using System.Collections.Immutable;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>A key that may come, and whose it is. Immutable and thread-safe; the identity is made when it comes first, since most of many never do.</summary>
internal sealed class ApiKey
{
    private Identity? _identity;
    private volatile bool _hasCome;

    /// <summary>What it is called by; null for one that lb.yaml itself has.</summary>
    public string? Id { get; init; }

    /// <summary>Who sends it.</summary>
    public required string Subject { get; init; }

    /// <summary>The plan; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>The roles.</summary>
    public ValueList<string> Roles { get; init; }

    /// <summary>The scopes.</summary>
    public ValueList<string> Scopes { get; init; }

    /// <summary>From when on it is refused, in seconds since 1970 (UTC); <see cref="long.MaxValue"/> for never.</summary>
    public long ExpiresAt { get; init; } = long.MaxValue;

    /// <summary>True where it is refused whatever the time.</summary>
    public bool Revoked { get; init; }

    /// <summary>True where somebody has called with it.</summary>
    public bool HasCome => _hasCome;

    /// <summary>Who calls with it, the same object each time.</summary>
    /// <param name="provider">The provider's name.</param>
    /// <param name="forward">What of it endpoints are told.</param>
    public Identity IdentityOf(string provider, ValueMap<string> forward) => Volatile.Read(ref _identity) ?? Make(provider, forward);

    /// <summary>Somebody calls with it.</summary>
    public void Come()
    {
        // Once and not with every call: loops share the line that it is on.
        if (!_hasCome)
        {
            _hasCome = true;
        }
    }

    private Identity Make(string provider, ValueMap<string> forward)
    {
        ReadOnlySpan<(string Name, ImmutableArray<string> Values)> known =
            [("sub", [Subject]), ("plan", Plan is null ? [] : [Plan]), ("roles", Roles.Items), ("scopes", Scopes.Items), ("key_id", Id is null ? [] : [Id])];
        var claims = new Dictionary<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var (name, values) in known)
        {
            if (values.Length > 0)
            {
                claims.Add(name, values);
            }
        }

        var identity = new Identity
        {
            Provider = provider,
            Subject = Subject,
            Plan = Plan,
            Roles = Roles.Items,
            Scopes = Scopes.Items,
            Claims = claims.ToFrozenDictionary(StringComparer.Ordinal),
            ExpiresAt = ExpiresAt,
            Forwarded = ForwardedClaims.Render(forward, claim => claims.GetValueOrDefault(claim == "subject" ? "sub" : claim, [])),
        };
        return Interlocked.CompareExchange(ref _identity, identity, null) ?? identity;
    }
}
