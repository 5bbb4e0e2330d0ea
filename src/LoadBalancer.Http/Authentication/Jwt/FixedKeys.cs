namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Keys that the file itself has.</summary>
internal sealed class FixedKeys(KeySet keys) : KeySource
{
    /// <inheritdoc/>
    public override KeySet Current => keys;
}
