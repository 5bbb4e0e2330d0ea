using System.Net;

namespace LoadBalancer.Http.Authentication;

/// <summary>How far an address of an issuer or check service is trusted. Immutable; equal ones share connections.</summary>
/// <param name="Ca">The PEM file with the authorities that may vouch for its certificate; null for those of this machine.</param>
/// <param name="AllowHttp">True where it may be asked in clear although it is not on this machine.</param>
/// <param name="OutsideOnly">
/// True for an address that was learned from somebody outside, by a discovery document: that must not lead into our own networks, nor to the metadata service
/// of a cloud. What the file itself names may be anywhere.
/// </param>
internal readonly record struct OutboundTrust(string? Ca = null, bool AllowHttp = false, bool OutsideOnly = false)
{
    private const int LongestAddress = 2048;

    /// <summary>What is wrong with an address, as the end of a sentence that begins with it; null where it may be asked.</summary>
    public string? FlawOf(string address) =>
        address.Length <= LongestAddress && Uri.TryCreate(address, UriKind.Absolute, out var uri) ? FlawOf(uri) : "is no absolute URL of at most 2048 characters";

    /// <summary>The same of an address that was read.</summary>
    public string? FlawOf(Uri address) => address switch
    {
        { IsAbsoluteUri: false } => "is no absolute URL",
        _ when address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp => "begins with neither https:// nor http://",
        { Host: "" } => "has no host",
        { UserInfo.Length: > 0 } => "has a user in it: credentials have keys of their own",
        { Fragment.Length: > 0 } => "has a fragment ('#'), which is never sent",
        _ when address.Scheme == Uri.UriSchemeHttp && !AllowHttp && !IsLoopback(address) =>
            "begins with http://, where everybody on the way can read and change what is said; write https://, or 'allow_http: true' beside it",
        _ => null,
    };

    // By its text: what a name resolves to is another's word.
    private static bool IsLoopback(Uri address) =>
        address.IdnHost == "localhost" || (IPAddress.TryParse(address.IdnHost, out var ip) && IPAddress.IsLoopback(ip));
}
