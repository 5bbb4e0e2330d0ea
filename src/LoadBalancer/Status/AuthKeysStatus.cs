using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Daemon.Status;

/// <summary>The keys that an entry of <c>auth</c> has from its issuer by the network.</summary>
internal sealed record AuthKeysStatus
{
    /// <summary>The entry's name.</summary>
    public required string Name { get; init; }

    /// <summary>How many keys are in use.</summary>
    public required int Keys { get; init; }

    /// <summary>When the issuer last gave them; null for never, in which case nobody is known.</summary>
    public required DateTimeOffset? FetchedAt { get; init; }

    /// <summary>Why it could not be asked the last time, so that those of before stay; null where it could.</summary>
    public required string? Failure { get; init; }

    /// <summary>The status of a provider's keys; null where it has none so.</summary>
    public static AuthKeysStatus? Of(IdentityProvider provider)
    {
        if (provider.IssuerKeys is not { } source)
        {
            return null;
        }

        var (fetchedAt, failure) = source.Condition;
        return new AuthKeysStatus { Name = provider.Name, Keys = source.Current?.Keys.Length ?? 0, FetchedAt = fetchedAt, Failure = failure };
    }
}
