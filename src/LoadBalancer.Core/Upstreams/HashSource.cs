using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>What <c>balance: hash</c> hashes: <c>client_ip</c>, <c>path</c>, <c>header:NAME</c>, <c>cookie:NAME</c> or <c>claim:NAME</c>.</summary>
/// <param name="Type">Where it is found.</param>
/// <param name="Name">The field's, the cookie's or the claim's name; empty for the others.</param>
public readonly record struct HashSource(HashSourceType Type, string Name = "")
{
    /// <summary>The client's address.</summary>
    public static HashSource ClientIp => default;

    /// <summary>The kind of the file's <c>hash.on</c>.</summary>
    internal static Kind<HashSource> Kind { get; } = new HashSourceKind();

    /// <summary>The form of the file.</summary>
    public override string ToString() => Type switch
    {
        HashSourceType.Path => "path",
        HashSourceType.Header => HashSourceKind.Header + Name,
        HashSourceType.Cookie => HashSourceKind.Cookie + Name,
        HashSourceType.Claim => HashSourceKind.Claim + Name,
        _ => "client_ip",
    };
}
