namespace LoadBalancer.Tls;

/// <summary>Whether a client has to show a certificate.</summary>
public enum ClientCertificateMode : byte
{
    /// <summary>None is asked for.</summary>
    Off,

    /// <summary>One is asked for; a client may have none. One that it shows must be valid.</summary>
    Optional,

    /// <summary>Without a valid one there is no connection.</summary>
    Required,
}
