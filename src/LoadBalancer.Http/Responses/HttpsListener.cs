using LoadBalancer.Tls;

namespace LoadBalancer.Http.Responses;

/// <summary>A listener that serves https.</summary>
/// <param name="Tls">Its certificates.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct HttpsListener(TlsTermination Tls, int Port);
