using LoadBalancer.Configuration;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>What a limit's callers are told apart by: <c>identity</c>, <c>client_ip</c>, <c>header:NAME</c>, <c>claim:NAME</c> or <c>route</c>.</summary>
/// <param name="Type">Where it is found.</param>
/// <param name="Name">The field's or the claim's name; empty for the others.</param>
internal readonly record struct LimitKeySource(LimitKeySourceType Type, string Name = "")
{
    /// <summary>The kind of an item of the file's <c>key</c>.</summary>
    public static Kind<LimitKeySource> Kind { get; } = new LimitKeySourceKind();

    /// <summary>True where somebody has to be known, for it to tell callers apart.</summary>
    public bool NeedsIdentity => Type is LimitKeySourceType.Identity or LimitKeySourceType.Claim;

    /// <summary>The form of the file.</summary>
    public override string ToString() => Type switch
    {
        LimitKeySourceType.Identity => "identity",
        LimitKeySourceType.Header => LimitKeySourceKind.Header + Name,
        LimitKeySourceType.Claim => LimitKeySourceKind.Claim + Name,
        LimitKeySourceType.Route => "route",
        _ => "client_ip",
    };
}
