namespace LoadBalancer.Tls;

/// <summary>What a listener's TLS is given that outlives its configuration.</summary>
/// <param name="Engine">Who does the cryptography.</param>
/// <param name="Paces">How many handshakes the loops take in one turn.</param>
/// <param name="Metrics">Where they are counted.</param>
/// <param name="Time">The clock.</param>
/// <param name="AnswerToHttp">What a client is told, in clear, that speaks HTTP without TLS; null for nothing.</param>
internal sealed record TlsTerminationParts(TlsEngine Engine, HandshakePaces Paces, TlsMetrics Metrics, TimeProvider Time, byte[]? AnswerToHttp);
