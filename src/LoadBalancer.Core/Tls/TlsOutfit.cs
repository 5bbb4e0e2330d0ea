namespace LoadBalancer.Tls;

/// <summary>What TLS is spoken with: one for the process. Thread-safe.</summary>
/// <param name="Engine">Who does the cryptography.</param>
/// <param name="Paces">How many handshakes a loop takes in one turn.</param>
internal sealed record TlsOutfit(TlsEngine Engine, HandshakePaces Paces);
