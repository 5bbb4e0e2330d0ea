using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// The defence against DNS rebinding: a web page whose name was made to point at us runs in the operator's browser and would
/// read our pages as its own. Its requests carry that name; so only names that no stranger controls are answered.
/// </summary>
/// <remarks>Thread-safe. A Unix socket needs none of this, since no browser reaches it.</remarks>
/// <param name="names">Names of this machine, beside <c>localhost</c> and every IP address.</param>
internal sealed class HostGuard(IEnumerable<string> names)
{
    private readonly FrozenSet<string> _names = names.Append("localhost").ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>True for a Host header that may be answered. None at all (HTTP/1.0) is fine: browsers always send one.</summary>
    public bool AcceptsHost(string? host) => string.IsNullOrEmpty(host) || AcceptsName(new HostString(host).Host);

    /// <summary>True for an Origin header that may be answered; a page of a stranger has its own there. None is fine: not a browser, or its address bar.</summary>
    public bool AcceptsOrigin(string? origin) =>
        string.IsNullOrEmpty(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && AcceptsName(uri.Host));

    private bool AcceptsName(string name)
    {
        // One dot at the end means the same name, from the root.
        name = name.EndsWith('.') ? name[..^1] : name;
        return _names.Contains(name) || IPAddress.TryParse(name.Trim('[', ']'), out _);
    }
}
