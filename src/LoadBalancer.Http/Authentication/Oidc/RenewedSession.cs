namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>What came of a refresh. Thread-safe.</summary>
/// <param name="before">The session as it was.</param>
/// <param name="answer">What the provider answered.</param>
/// <param name="after">The session as it is now, if <see cref="IsVerified"/> says so; null where there was no answer, or a refusal.</param>
internal sealed class RenewedSession(Session before, TokenAnswer answer, Session? after)
{
    private volatile bool _isVerified;

    /// <summary>The session as it was.</summary>
    public Session Before => before;

    /// <summary>What the provider answered.</summary>
    public TokenAnswer Answer => answer;

    /// <summary>The session as it is now.</summary>
    public Session? After => after;

    /// <summary>True once the token in the answer was found good; whoever looks at the same time finds the same.</summary>
    public bool IsVerified
    {
        get => _isVerified;
        set => _isVerified = value;
    }

    /// <summary>What it weighs in memory, in bytes, by and large.</summary>
    public int Bytes => 256 + (2 * ((after?.IdToken.Length ?? 0) + (after?.RefreshToken.Length ?? 0)));

    /// <summary>What came of the refresh before, of the same session, while that is kept too; guarded by the lock of <see cref="RenewedSessions"/>.</summary>
    public RenewedSession? Older { get; set; }

    /// <summary>Until when <see cref="RenewedSessions"/> keeps it, in seconds since 1970; guarded by its lock.</summary>
    public long Until { get; set; }
}
