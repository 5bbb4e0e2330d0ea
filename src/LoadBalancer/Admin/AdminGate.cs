using System.Globalization;
using LoadBalancer.Addresses;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// Who may ask what of the admin listener. Immutable, but for the count of wrong tokens; a reload replaces it whole.
/// <code>
///             over TCP                                        over the Unix socket
///   reading   an address of admin.allow_ips; Host and         whoever the file's mode lets in
///             Origin that no stranger controls
///   changing  the same, and the token                         Host and Origin too; root, lb's own user, or the token
/// </code>
/// </summary>
/// <remarks>
/// The Unix socket alone proves little where it is forwarded (<c>ssh -L 9090:/run/lb/admin.sock</c>): then a browser has a
/// way to it, and its requests come with the right of whoever forwards. So changes look at Host and Origin everywhere.
/// </remarks>
/// <param name="options">What the file says.</param>
/// <param name="machine">The names of this machine.</param>
/// <param name="user">The user that this process runs as.</param>
/// <param name="throttle">Counts wrong tokens; it outlives the gate.</param>
internal sealed class AdminGate(AdminOptions options, IEnumerable<string> machine, uint user, TokenThrottle throttle)
{
    private const string Scheme = "Bearer ";

    private readonly HostGuard _guard = new([.. machine, .. options.Names]);
    private readonly IpSet? _allowed = options.AllowIps.Count == 0 ? null : new IpSet(options.AllowIps);

    /// <summary>Why the caller may not ask at all; null where it may. It is the first question, of every request.</summary>
    public AdminRefusal? RefuseAddress(AdminCaller caller) =>
        _allowed is null || caller.Local is not null || (caller.Address is { } address && _allowed.Contains(address))
            ? null
            : new AdminRefusal(403, AdminRefusalReason.AddressDenied, $"{caller.From} may not ask here: admin.allow_ips does not have it");

    /// <summary>Why the caller may not read; null where it may.</summary>
    public AdminRefusal? RefuseReading(AdminCaller caller) => caller.Local is null ? RefuseStranger(caller) : null;

    /// <summary>Why the caller may not change anything; null where it may.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="who">Whom the log names for the change: a local user, or the token.</param>
    public AdminRefusal? RefuseChange(AdminCaller caller, out string who)
    {
        who = "token";
        if (RefuseStranger(caller) is { } refusal)
        {
            return refusal;
        }

        if (caller.Local?.Credentials is { } peer && (peer.UserId == 0 || peer.UserId == user))
        {
            who = string.Create(CultureInfo.InvariantCulture, $"uid {peer.UserId}");
            return null;
        }

        return options.Token is { } token ? RefuseToken(caller, token) : new AdminRefusal(403, AdminRefusalReason.TokenNotConfigured, WithoutToken(caller));
    }

    private AdminRefusal? RefuseStranger(AdminCaller caller)
    {
        if (!_guard.AcceptsHost(caller.Host))
        {
            return new AdminRefusal(
                421, AdminRefusalReason.HostUnknown,
                "the Host is not an IP address, localhost, a name of this machine or one of admin.names; a stranger's name is not answered (DNS rebinding)");
        }

        return _guard.AcceptsOrigin(caller.Origin) ? null : new AdminRefusal(403, AdminRefusalReason.OriginForeign, "pages of another origin may not use this");
    }

    private AdminRefusal? RefuseToken(AdminCaller caller, Secret token)
    {
        if (throttle.WaitOf(caller.CountedAs) is { } wait)
        {
            var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return new AdminRefusal(429, AdminRefusalReason.TokenThrottled, $"too many wrong tokens; try again in {seconds} s") { Headers = [("Retry-After", seconds)] };
        }

        if (caller.Authorization is not { Length: > 0 } authorization)
        {
            return Challenge(AdminRefusalReason.TokenMissing, $"a change needs the token (Authorization: Bearer …){Local(caller)}");
        }

        if (authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && token.Matches(authorization[Scheme.Length..].Trim()))
        {
            return null;
        }

        throttle.Failed(caller.CountedAs);
        return Challenge(AdminRefusalReason.TokenWrong, "the token is wrong");
    }

    private string WithoutToken(AdminCaller caller) => caller.Local is null
        ? "over TCP a change needs the token, and the configuration has none (admin.token); over the Unix socket root needs none"
        : $"the configuration has no admin.token{Local(caller)}";

    // To a caller that the kernel vouches for, who it is and who it would have to be is no secret.
    private string Local(AdminCaller caller) => caller.Local?.Credentials is { } peer
        ? string.Create(CultureInfo.InvariantCulture, $", and over the Unix socket only root and uid {user}, as whom lb runs, may change anything without it: you are uid {peer.UserId}")
        : "";

    private static AdminRefusal Challenge(AdminRefusalReason reason, string why) => new(401, reason, why) { Headers = [("WWW-Authenticate", "Bearer realm=\"lb\"")] };
}
