namespace LoadBalancer.Daemon.Admin;

/// <summary>Why a request to the admin listener is refused; the words of <c>lb_admin_refused_total</c>.</summary>
internal enum AdminRefusalReason
{
    /// <summary>admin.allow_ips does not have the address.</summary>
    AddressDenied,

    /// <summary>The Host is a name that a stranger may control: DNS rebinding, or a name that admin.names lacks.</summary>
    HostUnknown,

    /// <summary>A page of another origin asks.</summary>
    OriginForeign,

    /// <summary>It has a body.</summary>
    BodyNotTaken,

    /// <summary>A change without the token.</summary>
    TokenMissing,

    /// <summary>A change with another token.</summary>
    TokenWrong,

    /// <summary>A change after too many wrong tokens, whatever token it has.</summary>
    TokenThrottled,

    /// <summary>A change that only a token could allow, and the configuration has none.</summary>
    TokenNotConfigured,
}
