namespace LoadBalancer.Limits;

/// <summary>What a limit does while the store that instances share cannot be asked.</summary>
internal enum StoreFailure
{
    /// <summary>This instance counts alone.</summary>
    Local,

    /// <summary>All may.</summary>
    Allow,

    /// <summary>Nobody may.</summary>
    Deny,
}
