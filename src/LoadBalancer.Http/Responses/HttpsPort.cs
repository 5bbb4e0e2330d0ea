namespace LoadBalancer.Http.Responses;

/// <summary>The port at which a host is served over https; 0 where it is not.</summary>
/// <param name="host">A host in lower case, without a port.</param>
internal delegate int HttpsPort(ReadOnlySpan<byte> host);
