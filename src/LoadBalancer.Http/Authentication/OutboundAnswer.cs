using System.Net.Http.Headers;

namespace LoadBalancer.Http.Authentication;

/// <summary>What an issuer or check service answered, or why it did not. Immutable.</summary>
/// <param name="Status">The status; 0 where there was no whole answer.</param>
/// <param name="Headers">Its fields, values in Latin-1, those about its content left out; null where there was no whole answer.</param>
/// <param name="MediaType">The type of its content in lower case, without parameters; empty for none.</param>
/// <param name="Body">Its content.</param>
/// <param name="Failure">Why there was no whole answer, a short sentence for the operator without a secret in it; null where there was one.</param>
internal sealed record OutboundAnswer(int Status, HttpResponseHeaders? Headers, string MediaType, byte[] Body, string? Failure = null)
{
    /// <summary>True where its content says that it is JSON (RFC 8259, or a type that ends in <c>+json</c>).</summary>
    public bool IsJson => MediaType == "application/json" || MediaType.EndsWith("+json", StringComparison.Ordinal);

    /// <summary>No answer, because of <paramref name="failure"/>.</summary>
    public static OutboundAnswer Failed(string failure) => new(0, null, "", [], failure);
}
