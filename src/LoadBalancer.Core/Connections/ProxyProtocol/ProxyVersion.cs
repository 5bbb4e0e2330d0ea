namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>A version of the PROXY protocol, as the file writes it: <c>v1</c>, <c>v2</c>.</summary>
public enum ProxyVersion : byte
{
    /// <summary>One line of text.</summary>
    V1 = 1,

    /// <summary>Binary, with TLVs.</summary>
    V2 = 2,
}
