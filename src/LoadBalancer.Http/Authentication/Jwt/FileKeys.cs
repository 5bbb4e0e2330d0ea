namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Keys in a file, which is read again when it changes: what is no use changes nothing, the last good keys stay.</summary>
internal sealed class FileKeys(CredentialFile<KeySet> file) : KeySource
{
    /// <summary>The file's greatest length.</summary>
    public const int MostBytes = OutboundClient.MostBytes;

    /// <inheritdoc/>
    public override KeySet Current => file.Content;

    /// <inheritdoc/>
    public override CredentialFile File => file;
}
