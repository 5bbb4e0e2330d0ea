namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>A connection of HTTP/2 with an endpoint was ended for an error.</summary>
/// <param name="Endpoint">The endpoint, as it is named in logs.</param>
/// <param name="ByEndpoint">True where the endpoint ended it, and false where lb did, for what the endpoint had sent.</param>
/// <param name="Reason">The error as RFC 9113 section 7 calls it, and what the endpoint said about it, made fit for a line.</param>
internal sealed record Http2Report(string Endpoint, bool ByEndpoint, string Reason);
