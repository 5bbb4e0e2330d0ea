namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>What came of a check of a password.</summary>
internal enum PasswordVerdict : byte
{
    /// <summary>Nobody has looked: the request was given up, or waited too long.</summary>
    Unknown,

    /// <summary>It is the user's.</summary>
    Right,

    /// <summary>It is not, or there is no such user.</summary>
    Wrong,
}
