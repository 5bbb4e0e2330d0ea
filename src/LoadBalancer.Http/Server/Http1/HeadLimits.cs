namespace LoadBalancer.Http.Server.Http1;

/// <summary>What a head may be at most.</summary>
/// <param name="HeadBytes">From its first byte to the end of its empty line; 32 KiB by default.</param>
/// <param name="Fields">Field lines; 100 by default.</param>
/// <param name="TargetBytes">The target of a request; 8 KiB by default.</param>
internal readonly record struct HeadLimits(int HeadBytes, int Fields, int TargetBytes)
{
    /// <summary>What a request's first line may have around its target: a method, two spaces, the version.</summary>
    private const int AroundTarget = 64;

    /// <summary>The defaults.</summary>
    public static HeadLimits Default => new(32 * 1024, 100, 8 * 1024);

    /// <summary>The first line of a request with its line end.</summary>
    public int RequestLineBytes => TargetBytes + AroundTarget;
}
