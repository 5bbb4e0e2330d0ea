using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using LoadBalancer.Http.Usage;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// Who calls, as a provider has established it: never from anything that was not verified. Immutable, but for a place of usage, and thread-safe: caches hand the same
/// object to many requests.
/// </summary>
internal sealed class Identity
{
    private const string SubjectClaim = "sub";

    private string[]? _subject;

    /// <summary>The name of the provider in the file's <c>auth</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>Who it is: the claim <c>sub</c>, a user's or a consumer's name.</summary>
    public required string Subject { get; init; }

    /// <summary>The plan whose limits hold for the caller; null where nothing says so.</summary>
    public string? Plan { get; init; }

    /// <summary>The roles.</summary>
    public ImmutableArray<string> Roles { get; init; } = [];

    /// <summary>The scopes that were granted (RFC 6749 section 3.3).</summary>
    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>
    /// Every claim as texts: a string as it is, another scalar as JSON writes it, the items of an array one by one, and the members of an object
    /// by dotted names, such as <c>realm_access.roles</c>.
    /// </summary>
    public FrozenDictionary<string, ImmutableArray<string>> Claims { get; init; } = FrozenDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>When it ends, in seconds since 1970 (UTC); <see cref="long.MaxValue"/> for never.</summary>
    public long ExpiresAt { get; init; } = long.MaxValue;

    /// <summary>The fields by which the endpoint learns of it, rendered once.</summary>
    public ImmutableArray<IdentityField> Forwarded { get; init; } = [];

    /// <summary>Where its requests were counted last, so that they need not be looked up each time; null where none was. Any thread: one place is as good as the other.</summary>
    public CallerUsage? Usage { get; set; }

    /// <summary>
    /// The caller where several identities are asked for: the subject and its claims are this one's, the plan is the other's where it has one, and
    /// roles and scopes are those of both. It ends with the first of them.
    /// </summary>
    /// <param name="next">The next identity; what it tells the endpoint by a field that both have counts.</param>
    public Identity And(Identity next) => new()
    {
        Provider = Provider,
        Subject = Subject,
        Plan = next.Plan ?? Plan,
        Roles = [.. Roles.Union(next.Roles)],
        Scopes = [.. Scopes.Union(next.Scopes)],
        Claims = Claims,
        ExpiresAt = Math.Min(ExpiresAt, next.ExpiresAt),
        Forwarded = [.. Forwarded.Where(field => !next.Forwarded.Any(other => Ascii.EqualsIgnoreCase(field.Name, other.Name))), .. next.Forwarded],
    };

    /// <summary>The values of a claim, one at least; <c>sub</c> is <see cref="Subject"/> where no claim says otherwise. False where it is not there.</summary>
    public bool TryGetClaim(string name, out ImmutableArray<string> values)
    {
        if (Claims.TryGetValue(name, out values) && !values.IsEmpty)
        {
            return true;
        }

        if (name != SubjectClaim)
        {
            return false;
        }

        // Two who come here first make the same.
        values = ImmutableCollectionsMarshal.AsImmutableArray(_subject ??= [Subject]);
        return true;
    }
}
